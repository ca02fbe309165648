#compdef imgdedup
# SPDX-License-Identifier: Apache-2.0

_imgdedup() {
  local curcontext=$curcontext state line
  _arguments -C '--version[print the version]' '--help[print the commands]' \
    '1:command:((find\:"the duplicates of every picture, as JSON" to-remove\:"the files to remove so that one of each stays" encode\:"the hash or vector of a picture, or of each in a folder" evaluate\:"how well a result agrees with the truth" plot\:"draw a picture and its duplicates" map\:"draw all pictures of a folder"))' \
    '*::argument:->argument'
  [[ $state == argument ]] || return
  local -a definition=(
    '--compat[whose hashes, digit for digit]:library:(imagededup imagehash)'
    '--hash-size[rows of a hash]:rows:(8 16)'
    '--model[of method cnn\: an ONNX network]:file:_files'
    '--input-size[what the network takes]:size: '
    '--mean[what is taken from each channel of a picture]:numbers: '
    '--scale[what that is divided by]:numbers: '
    '--colour[which channel comes first]:order:(rgb bgr)'
    '--sandbox[whether pictures may be read without all that shuts their readers in]:rule:(required best-effort)'
    '--recursive[folders below the folder as well]'
    '-o[where the result goes]:file:_files'
  )
  local -a search=(
    $definition
    '--method[how]:method:(ahash dhash phash whash cnn md5 local all)'
    '--max-distance[bits in which two hashes may differ]:bits: '
    '--min-similarity[least cosine of two vectors]:cosine: '
    '--encodings[hashes or vectors of before, instead of pictures]:file:_files'
    '*:folder:_files -/'
  )
  case $line[1] in
    find)
      _arguments $search '--scores[names with their scores]' '--neighbours[only the nearest]:number: ' \
        "--query[only this file's duplicates]:file:_files"
      ;;
    to-remove) _arguments $search ;;
    encode) _arguments $definition '--method[how]:method:(ahash dhash phash whash cnn)' '1:file or folder:_files' ;;
    evaluate)
      _arguments '--truth[the map that is right]:file:_files' '--found[the map that find gave]:file:_files' \
        '--metric[what to measure]:metric:(map ndcg jaccard classification all)'
      ;;
    plot)
      _arguments '--found[the map that find gave]:file:_files' '--folder[the folder that find was given]:folder:_files -/' \
        '--sandbox[whether pictures may be read without all that shuts their readers in]:rule:(required best-effort)' \
        '-o[where the drawing goes]:file:_files' '1:file:_files'
      ;;
    map)
      _arguments '--csv[where the places of the pictures go]:file:_files' '--recursive[folders below the folder as well]' \
        '--sandbox[whether pictures may be read without all that shuts their readers in]:rule:(required best-effort)' \
        '-o[where the drawing goes]:file:_files' '1:folder:_files -/'
      ;;
  esac
}

_imgdedup "$@"
