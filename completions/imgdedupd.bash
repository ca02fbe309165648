# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2207

_imgdedupd() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} IFS=$'\n'
  COMPREPLY=()
  case $previous in
    --config)
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$current"))
      ;;
    --log-level) COMPREPLY=($(compgen -W $'trace\ndebug\ninfo\nwarning\nerror' -- "$current")) ;;
    *) COMPREPLY=($(compgen -W $'--config\n--check-config\n--print-dropin\n--self-test-sandbox\n--log-level\n--version\n--help' -- "$current")) ;;
  esac
}
complete -F _imgdedupd imgdedupd
