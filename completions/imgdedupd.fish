# SPDX-License-Identifier: Apache-2.0
complete -c imgdedupd -f
complete -c imgdedupd -l config -r -F -d 'settings file'
complete -c imgdedupd -l check-config -d 'print every problem of the settings file and end'
complete -c imgdedupd -l print-dropin -d 'print a drop-in that opens the watched folders to the unit'
complete -c imgdedupd -l self-test-sandbox -d 'try to break out of the sandbox of the workers'
complete -c imgdedupd -l log-level -x -a 'trace debug info warning error' -d 'instead of the setting log.level'
complete -c imgdedupd -l version -d 'print the version'
complete -c imgdedupd -l help -d 'print the options'
