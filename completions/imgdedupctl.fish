# SPDX-License-Identifier: Apache-2.0
# Written by imgdedup-client-pages from the table of commands.
complete -c imgdedupctl -f
complete -c imgdedupctl -l socket -r -F -d 'the socket of the service'
complete -c imgdedupctl -l json -d 'print one JSON value'
complete -c imgdedupctl -n __fish_use_subcommand -l version -d 'print the version'
complete -c imgdedupctl -n __fish_use_subcommand -l help -d 'print every command'
complete -c imgdedupctl -n '__fish_use_subcommand' -a status -d 'state of the service, its folders and its counts'
complete -c imgdedupctl -n '__fish_use_subcommand' -a sync -d 'wait until all that lies in the folders now has its decision'
complete -c imgdedupctl -n '__fish_use_subcommand' -a duplicates -d 'list the decisions that stand, newest first'
complete -c imgdedupctl -n '__fish_use_subcommand' -a groups -d 'list each original with its duplicates'
complete -c imgdedupctl -n '__fish_use_subcommand' -a query -d 'say what each file would be judged to be; nothing is recorded'
complete -c imgdedupctl -n '__fish_use_subcommand' -a explain -d 'show every measure between two files, and the step that decides what they are'
complete -c imgdedupctl -n '__fish_use_subcommand' -a distinct -d 'remember that two files are no duplicates of each other'
complete -c imgdedupctl -n '__fish_use_subcommand' -a quarantine -d 'list, restore or purge quarantined files, and apply new settings to old decisions'
complete -c imgdedupctl -n '__fish_use_subcommand' -a files -d 'list every file in the catalog'
complete -c imgdedupctl -n '__fish_use_subcommand' -a unreadable -d 'list the files that could not be read as images, and why'
complete -c imgdedupctl -n '__fish_use_subcommand' -a export -d 'copy duplicates and unique files into two folders, with a list of each'
complete -c imgdedupctl -n '__fish_use_subcommand' -a rescan -d 'compare folders with the catalog now'
complete -c imgdedupctl -n '__fish_use_subcommand' -a pause -d 'judge and move nothing until resume'
complete -c imgdedupctl -n '__fish_use_subcommand' -a resume -d 'go on after pause'
complete -c imgdedupctl -n '__fish_use_subcommand' -a reload -d 'read the settings again'
complete -c imgdedupctl -n '__fish_use_subcommand' -a events -d 'print decisions, a JSON line each'
complete -c imgdedupctl -n '__fish_use_subcommand' -a metrics -d 'print the figures of status in Prometheus text form'
complete -c imgdedupctl -n '__fish_use_subcommand' -a help -d 'say more about a command'
complete -c imgdedupctl -n '__fish_seen_subcommand_from help' -a 'status sync duplicates groups query explain distinct quarantine files unreadable export rescan pause resume reload events metrics'
complete -c imgdedupctl -n '__fish_seen_subcommand_from sync' -l timeout -d 'give up after this long; absent: never' -x
complete -c imgdedupctl -n '__fish_seen_subcommand_from duplicates' -l relation -d 'only decisions that rest on this relation' -x -a 'exact pixels near edited'
complete -c imgdedupctl -n '__fish_seen_subcommand_from duplicates' -l under -d 'only what lies in or below this folder' -x -a '(__fish_complete_directories)'
complete -c imgdedupctl -n '__fish_seen_subcommand_from duplicates' -l limit -d 'so many decisions at most' -x
complete -c imgdedupctl -n '__fish_seen_subcommand_from duplicates' -l after -d 'only decisions older than the one with this id' -x
complete -c imgdedupctl -n '__fish_seen_subcommand_from groups' -l under -d 'only what lies in or below this folder' -x -a '(__fish_complete_directories)'
complete -c imgdedupctl -n '__fish_seen_subcommand_from query' -F
complete -c imgdedupctl -n '__fish_seen_subcommand_from explain' -F
complete -c imgdedupctl -n '__fish_seen_subcommand_from distinct' -l undo -d 'forget that they were declared distinct'
complete -c imgdedupctl -n '__fish_seen_subcommand_from distinct' -F
complete -c imgdedupctl -n '__fish_seen_subcommand_from quarantine; and not __fish_seen_subcommand_from list apply restore purge' -a list -d 'list what lies in quarantine'
complete -c imgdedupctl -n '__fish_seen_subcommand_from quarantine; and __fish_seen_subcommand_from list' -l orphans -d 'only the last copies of their content'
complete -c imgdedupctl -n '__fish_seen_subcommand_from quarantine; and not __fish_seen_subcommand_from list apply restore purge' -a apply -d 'take logged decisions anew, so that what the settings now quarantine is moved'
complete -c imgdedupctl -n '__fish_seen_subcommand_from quarantine; and __fish_seen_subcommand_from apply' -l all -d 'every decision that the settings would quarantine, page by page'
complete -c imgdedupctl -n '__fish_seen_subcommand_from quarantine; and not __fish_seen_subcommand_from list apply restore purge' -a restore -d 'put files back to where they were; never over another file'
complete -c imgdedupctl -n '__fish_seen_subcommand_from quarantine; and __fish_seen_subcommand_from restore' -l all -d 'every entry, page by page'
complete -c imgdedupctl -n '__fish_seen_subcommand_from quarantine; and not __fish_seen_subcommand_from list apply restore purge' -a purge -d 'delete files in quarantine for good; last copies only with --force'
complete -c imgdedupctl -n '__fish_seen_subcommand_from quarantine; and __fish_seen_subcommand_from purge' -l older-than -d 'every entry that has been in quarantine at least this long, page by page' -x
complete -c imgdedupctl -n '__fish_seen_subcommand_from quarantine; and __fish_seen_subcommand_from purge' -l force -d 'delete last copies too'
complete -c imgdedupctl -n '__fish_seen_subcommand_from files' -l under -d 'only what lies in or below this folder' -x -a '(__fish_complete_directories)'
complete -c imgdedupctl -n '__fish_seen_subcommand_from files' -s 0 -d 'end each path with NUL instead of a newline'
complete -c imgdedupctl -n '__fish_seen_subcommand_from export' -l duplicates -d 'the folder for files that are duplicates of another one' -x -a '(__fish_complete_directories)'
complete -c imgdedupctl -n '__fish_seen_subcommand_from export' -l unique -d 'the folder for all other files' -x -a '(__fish_complete_directories)'
complete -c imgdedupctl -n '__fish_seen_subcommand_from export' -l link -d 'make symbolic links to the files instead of copies'
complete -c imgdedupctl -n '__fish_seen_subcommand_from export' -l under -d 'only what lies in or below this folder' -x -a '(__fish_complete_directories)'
complete -c imgdedupctl -n '__fish_seen_subcommand_from rescan' -a '(__fish_complete_directories)'
complete -c imgdedupctl -n '__fish_seen_subcommand_from events' -l follow -d 'answer with the ten newest decisions, then send each new one as a notification'
