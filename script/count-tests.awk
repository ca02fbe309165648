# SPDX-License-Identifier: Apache-2.0
# Adds up what ctest's JUnit file tells: prints "PASSED FAILED". A doctest program counts as its
# cases; any other test, and a program that ended before its summary, as one; a skipped one as none.
/<testcase / {
  match($0, /status="[a-z]*"/)
  verdict = substr($0, RSTART + 8, RLENGTH - 9)
  has_summary = is_skipped = cases_passed = cases_failed = 0
}
/<skipped message="SKIP_RETURN_CODE/ { is_skipped = 1 }
/\[doctest\] test cases:/ {
  has_summary = 1
  split($0, field, "|")
  cases_passed += field[2]
  cases_failed += field[3]
}
/<\/testcase>/ {
  if (has_summary) {
    passed += cases_passed
    failed += cases_failed
  }
  if (verdict == "run") {
    if (!has_summary) passed++
  } else if (!is_skipped && cases_failed == 0) {
    failed++
  }
}
END { print passed + 0, failed + 0 }
