// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "ctl/human_text.h"
#include "ctl/progress_bar.h"
#include "ctl/table.h"

using namespace imgdedup::ctl;

TEST_CASE("counts have a comma every three digits") {
  CHECK(count_text(0) == "0");
  CHECK(count_text(999) == "999");
  CHECK(count_text(1000) == "1,000");
  CHECK(count_text(1234567) == "1,234,567");
  CHECK(count_text(1, "file") == "1 file");
  CHECK(count_text(2000, "file") == "2,000 files");
}

TEST_CASE("sizes use the unit that keeps them below 1024") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(1023) == "1023 B");
  CHECK(bytes_text(1024) == "1.0 KiB");
  CHECK(bytes_text(1536) == "1.5 KiB");
  CHECK(bytes_text(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(bytes_text(700'000'000) == "667.6 MiB");
  CHECK(bytes_text(UINT64_MAX) == "16.0 EiB");
}

TEST_CASE("durations show their two largest units") {
  CHECK(seconds_text(0.84) == "0.8 s");
  CHECK(seconds_text(59.94) == "59.9 s");
  CHECK(seconds_text(59.96) == "1 min 0 s");
  CHECK(seconds_text(125) == "2 min 5 s");
  CHECK(seconds_text(3 * 3600 + 60 * 5) == "3 h 5 min");
  CHECK(seconds_text(12 * 86400 + 4 * 3600) == "12 d 4 h");
  CHECK(seconds_text(-1) == "0.0 s");
}

TEST_CASE("ages are rounded down, and what lies ahead is now") {
  using namespace std::chrono_literals;
  const imgdedup::protocol::Time now(1'000'000'000'000ms);
  CHECK(age_text(now + 5s, now) == "just now");
  CHECK(age_text(now - 999ms, now) == "just now");
  CHECK(age_text(now - 59s, now) == "59 s ago");
  CHECK(age_text(now - 60s, now) == "1 min ago");
  CHECK(age_text(now - 47h, now) == "47 h ago");
  CHECK(age_text(now - 48h, now) == "2 d ago");
}

TEST_CASE("evidence shows what was measured") {
  CHECK(evidence_text({}) == "");
  CHECK(evidence_text({1, std::nullopt, std::nullopt, std::nullopt}) == "1 bit");
  CHECK(evidence_text({3, 0.9716, 14, 0.5}) == "3 bits, SSIM 0.972, 14 inliers, similarity 0.500");
  CHECK(evidence_text({std::nullopt, std::nullopt, 1, std::nullopt, true, 89.7, 0.5, 0.754}) ==
        "1 inlier, mirrored, turned 90°, shows 75 % of it");
  CHECK(evidence_text({std::nullopt, std::nullopt, 9, std::nullopt, false, 359.8, 0.5, 1.0}) ==
        "9 inliers, shows 100 % of it");
}

TEST_CASE("a table aligns columns by what a terminal shows") {
  std::ostringstream out;
  const Console console{out, out};
  Table table(console, {{"ID", Alignment::right}, {"NAME"}, {"NOTE"}});
  table.add({"7", "\xe5\x86\x99\xe7\x9c\x9f", "a"});
  table.add({"1234", "plain", "b"});
  table.add({"1", "bad\xff", ""});
  table.flush();
  CHECK(out.str() ==
        "  ID  NAME     NOTE\n"
        "   7  \xe5\x86\x99\xe7\x9c\x9f     a\n"
        "1234  plain    b\n"
        "   1  bad\\xff\n");
  CHECK(table.row_count() == 3);
}

TEST_CASE("a table without rows writes nothing") {
  std::ostringstream out;
  const Console console{out, out};
  Table table(console, {{"ID"}});
  table.flush();
  CHECK(out.str().empty());
}

TEST_CASE("a long table is written in batches under one line of titles") {
  std::ostringstream out;
  const Console console{out, out};
  Table table(console, {{"ID"}});
  for (int i = 0; i < 2500; ++i) table.add({std::to_string(i)});
  CHECK(!out.str().empty());
  table.flush();
  CHECK(out.str().starts_with("ID\n0\n1\n"));
  CHECK(out.str().ends_with("\n2498\n2499\n"));
  CHECK(out.str().find("ID", 1) == std::string::npos);
}

TEST_CASE("colours are used only where they are on") {
  std::ostringstream out;
  Console console{out, out};
  CHECK(console.painted(Colour::red, "x") == "x");
  console.out_colours = Colours::on;
  CHECK(console.painted(Colour::red, "x") == "\033[31mx\033[0m");
  CHECK(console.painted(Colour::red, "") == "");
}

TEST_CASE("a progress bar is drawn on a terminal and wiped at its end") {
  std::ostringstream out;
  std::ostringstream errors;
  Console console{out, errors};
  console.error_sink = Sink::terminal;
  {
    ProgressBar bar(console);
    bar.show(0, 0);
    CHECK(errors.str().empty());
    bar.show(3, 4);
    CHECK(errors.str() == "\r[#######.......................]  25%  1 of 4 files\033[K");
    errors.str("");
    bar.show(9, 4);
    CHECK(errors.str().find("  0%  0 of 4") != std::string::npos);
    errors.str("");
    bar.show(0, 4);
    CHECK(errors.str().find("100%  4 of 4") != std::string::npos);
    errors.str("");
  }
  CHECK(errors.str() == "\r\033[K");
  CHECK(out.str().empty());
}

TEST_CASE("no progress bar is drawn into a file") {
  std::ostringstream out;
  const Console console{out, out};
  { ProgressBar(console).show(1, 2); }
  CHECK(out.str().empty());
}
