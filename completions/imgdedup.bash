# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2207

_imgdedup() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} IFS=$' \n'
  local command=${COMP_WORDS[1]} words=
  local network='--model --input-size --mean --scale --colour'
  local search="--method --max-distance --min-similarity --compat --hash-size $network --sandbox --recursive --encodings -o"
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'find to-remove encode evaluate plot map --version --help' -- "$current"))
    return
  fi
  case $previous in
    --method)
      words='ahash dhash phash whash cnn'
      [[ $command == encode ]] || words+=' md5 local all'
      ;;
    --compat) words='imagededup imagehash' ;;
    --hash-size) words='8 16' ;;
    --colour) words='rgb bgr' ;;
    --sandbox) words='required best-effort' ;;
    --metric) words='map ndcg jaccard classification all' ;;
    --max-distance | --min-similarity | --input-size | --mean | --scale | --neighbours) return ;;
    *)
      if [[ $current == -* ]]; then
        case $command in
          find) words="$search --scores --neighbours --query --help" ;;
          to-remove) words="$search --help" ;;
          encode) words="--method --compat --hash-size $network --sandbox --recursive -o --help" ;;
          evaluate) words='--truth --found --metric --help' ;;
          plot) words='--found --folder --sandbox -o --help' ;;
          map) words='--csv --sandbox --recursive -o --help' ;;
        esac
      fi
      ;;
  esac
  if [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    IFS=$'\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _imgdedup imgdedup
