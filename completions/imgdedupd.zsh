#compdef imgdedupd
# SPDX-License-Identifier: Apache-2.0
_arguments \
  '--config[settings file]:file:_files' \
  '--check-config[print every problem of the settings file and end]' \
  '--print-dropin[print a drop-in that opens the watched folders to the unit, and end]' \
  '--self-test-sandbox[try to break out of the sandbox of the workers, and end]' \
  '--log-level[instead of the setting log.level]:level:(trace debug info warning error)' \
  '--version[print the version]' \
  '--help[print the options]'
