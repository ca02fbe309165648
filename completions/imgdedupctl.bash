# SPDX-License-Identifier: Apache-2.0
# Written by imgdedup-client-pages from the table of commands.
# shellcheck shell=bash disable=SC2207

_imgdedupctl_files() {
  local IFS=$'\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen "$1" -- "$current"))
}

_imgdedupctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command='' words='' index word
  for ((index = 1; index < COMP_CWORD; ++index)); do
    word=${COMP_WORDS[index]}
    case $word in
      --socket) ((++index)) ;;
      -*) ;;
      *)
        case $command in
          '' | quarantine | help | 'help quarantine') command+="${command:+ }$word" ;;
        esac
        ;;
    esac
  done
  COMPREPLY=()
  case "$command $previous" in
    *' --socket') _imgdedupctl_files -f; return ;;
    'duplicates --under' | 'groups --under' | 'files --under' | 'export --duplicates' | 'export --unique' | 'export --under')
      _imgdedupctl_files -d
      return
      ;;
    'duplicates --relation')
      words='exact pixels near edited'
      ;;
    'sync --timeout' | 'duplicates --limit' | 'duplicates --after' | 'quarantine purge --older-than')
      :
      return
      ;;
  esac
  [[ -n $words ]] || case $command in
    '') words='--socket --json --version --help status sync duplicates groups query explain distinct quarantine files unreadable export rescan pause resume reload events metrics help' ;;
    help) words='status sync duplicates groups query explain distinct quarantine files unreadable export rescan pause resume reload events metrics' ;;
    quarantine | 'help quarantine') words='list apply restore purge' ;;
    'status')
      words='--help'
      ;;
    'sync')
      words='--timeout --help'
      ;;
    'duplicates')
      words='--relation --under --limit --after --help'
      ;;
    'groups')
      words='--under --help'
      ;;
    'query')
      words='--help'
      [[ $current == -* ]] || _imgdedupctl_files -f
      ;;
    'explain')
      words='--help'
      [[ $current == -* ]] || _imgdedupctl_files -f
      ;;
    'distinct')
      words='--undo --help'
      [[ $current == -* ]] || _imgdedupctl_files -f
      ;;
    'quarantine list')
      words='--orphans --help'
      ;;
    'quarantine apply')
      words='--all --help'
      ;;
    'quarantine restore')
      words='--all --help'
      ;;
    'quarantine purge')
      words='--older-than --force --help'
      ;;
    'files')
      words='--under -0 --help'
      ;;
    'unreadable')
      words='--help'
      ;;
    'export')
      words='--duplicates --unique --link --under --help'
      ;;
    'rescan')
      words='--help'
      [[ $current == -* ]] || _imgdedupctl_files -d
      ;;
    'pause')
      words='--help'
      ;;
    'resume')
      words='--help'
      ;;
    'reload')
      words='--help'
      ;;
    'events')
      words='--follow --help'
      ;;
    'metrics')
      words='--help'
      ;;
  esac
  ((${#COMPREPLY[@]})) || COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _imgdedupctl imgdedupctl
