#compdef imgdedupctl
# SPDX-License-Identifier: Apache-2.0
# Written by imgdedup-client-pages from the table of commands.

_imgdedupctl_commands() {
  local -a commands=(
    'status:state of the service, its folders and its counts'
    'sync:wait until all that lies in the folders now has its decision'
    'duplicates:list the decisions that stand, newest first'
    'groups:list each original with its duplicates'
    'query:say what each file would be judged to be; nothing is recorded'
    'explain:show every measure between two files, and the step that decides what they are'
    'distinct:remember that two files are no duplicates of each other'
    'quarantine:list, restore or purge quarantined files, and apply new settings to old decisions'
    'files:list every file in the catalog'
    'unreadable:list the files that could not be read as images, and why'
    'export:copy duplicates and unique files into two folders, with a list of each'
    'rescan:compare folders with the catalog now'
    'pause:judge and move nothing until resume'
    'resume:go on after pause'
    'reload:read the settings again'
    'events:print decisions, a JSON line each'
    'metrics:print the figures of status in Prometheus text form'
    'help:say more about a command'
  )
  _describe command commands
}

_imgdedupctl_quarantine_commands() {
  local -a commands=(
    'list:list what lies in quarantine'
    'apply:take logged decisions anew, so that what the settings now quarantine is moved'
    'restore:put files back to where they were; never over another file'
    'purge:delete files in quarantine for good; last copies only with --force'
  )
  _describe command commands
}

_imgdedupctl() {
  local curcontext=$curcontext state line
  local -a options=(
    '--socket[the socket of the service]:socket:_files'
    '--json[print one JSON value]'
  )
  _arguments -C $options '--version[print the version]' '--help[print the usage of every command]' \
    '1:command:_imgdedupctl_commands' '*::argument:->argument'
  [[ $state == argument ]] || return
  local command=$line[1]
  if [[ $command == quarantine ]]; then
    if ((CURRENT == 1)); then
      _imgdedupctl_quarantine_commands
      return
    fi
    command="quarantine $words[1]"
  fi
  case $command in
    help) ((CURRENT > 1)) || _imgdedupctl_commands ;;
    'status') _arguments $options ;;
    'sync') _arguments $options \
      '--timeout[give up after this long; absent\: never]:TIME: ' ;;
    'duplicates') _arguments $options \
      '--relation[only decisions that rest on this relation]:R:(exact pixels near edited)' \
      '--under[only what lies in or below this folder]:DIR:_files -/' \
      '--limit[so many decisions at most]:N: ' \
      '--after[only decisions older than the one with this id]:ID: ' ;;
    'groups') _arguments $options \
      '--under[only what lies in or below this folder]:DIR:_files -/' ;;
    'query') _arguments $options \
      '*:argument:_files' ;;
    'explain') _arguments $options \
      '*:argument:_files' ;;
    'distinct') _arguments $options \
      '--undo[forget that they were declared distinct]' \
      '*:argument:_files' ;;
    'quarantine list') _arguments $options \
      '--orphans[only the last copies of their content]' ;;
    'quarantine apply') _arguments $options \
      '--all[every decision that the settings would quarantine, page by page]' \
      '*:argument: ' ;;
    'quarantine restore') _arguments $options \
      '--all[every entry, page by page]' \
      '*:argument: ' ;;
    'quarantine purge') _arguments $options \
      '--older-than[every entry that has been in quarantine at least this long, page by page]:TIME: ' \
      '--force[delete last copies too]' \
      '*:argument: ' ;;
    'files') _arguments $options \
      '--under[only what lies in or below this folder]:DIR:_files -/' \
      '-0[end each path with NUL instead of a newline]' ;;
    'unreadable') _arguments $options ;;
    'export') _arguments $options \
      '--duplicates[the folder for files that are duplicates of another one]:DIR:_files -/' \
      '--unique[the folder for all other files]:DIR:_files -/' \
      '--link[make symbolic links to the files instead of copies]' \
      '--under[only what lies in or below this folder]:DIR:_files -/' ;;
    'rescan') _arguments $options \
      '*:argument:_files -/' ;;
    'pause') _arguments $options ;;
    'resume') _arguments $options ;;
    'reload') _arguments $options ;;
    'events') _arguments $options \
      '--follow[answer with the ten newest decisions, then send each new one as a notification]' ;;
    'metrics') _arguments $options ;;
  esac
}

_imgdedupctl "$@"
