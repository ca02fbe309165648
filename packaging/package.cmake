# SPDX-License-Identifier: Apache-2.0
# The Debian package: what it says of itself. Its files are what `cmake --install` installs; script/package makes it.
set(IMGDEDUP_PACKAGE_MAINTAINER "imgdedup maintainers <imgdedup@packages.debian.org>" CACHE STRING
  "Maintainer of the Debian package: Name <address>")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME imgdedup)
set(CPACK_PACKAGE_CONTACT "${IMGDEDUP_PACKAGE_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION graphics)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "service that finds duplicate pictures in watched folders")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"imgdedup watches folders and knows, the moment a picture arrives, whether it
is there already: the same bytes, the same pixels in another file, the same
picture re-encoded, resized or lightly toned, or cropped, turned, framed.

It logs what it finds, or moves duplicates into a quarantine from which they
come back with one command. As installed it only logs; it is neither enabled
nor started before its settings name a folder.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The postinst calls systemd-sysusers and systemd-tmpfiles.
set(CPACK_DEBIAN_PACKAGE_DEPENDS
  "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles, init-system-helpers (>= 1.62)")
# setfacl lets the service in to a folder; plot and map draw names.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "acl, fonts-dejavu-core")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_LIST_DIR}/conffiles
  ${CMAKE_CURRENT_LIST_DIR}/postinst
  ${CMAKE_CURRENT_LIST_DIR}/postrm
  ${CMAKE_CURRENT_LIST_DIR}/prerm)
include(CPack)

# imgdedup_install_compressed(FILE NAME DIRECTORY): FILE, as gzip makes it the same each time, installed as NAME.gz
function(imgdedup_install_compressed file name directory)
  set(output ${PROJECT_BINARY_DIR}/compressed/${name}.gz)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/compressed
    COMMAND sh -c "gzip -9n <\"$1\" >\"$2\"" sh ${file} ${output}
    DEPENDS ${file} VERBATIM)
  set_property(GLOBAL APPEND PROPERTY imgdedup_compressed ${output})
  install(FILES ${output} DESTINATION ${directory})
endfunction()

# Manual pages, written in scdoc.
option(IMGDEDUP_MANUALS "Make the manual pages (scdoc)" ON)
if(IMGDEDUP_MANUALS)
  find_program(SCDOC scdoc REQUIRED)
  foreach(page imgdedup.1 imgdedupctl.1 imgdedupd.yaml.5 imgdedupd.8)
    set(source ${PROJECT_SOURCE_DIR}/docs/manual/${page}.scd)
    set(roff ${PROJECT_BINARY_DIR}/manual/${page})
    add_custom_command(OUTPUT ${roff}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/manual
      COMMAND sh -c "\"$1\" <\"$2\" >\"$3\"" sh ${SCDOC} ${source} ${roff}
      DEPENDS ${source} VERBATIM)
    string(REGEX REPLACE ".*\\." "" section ${page})
    imgdedup_install_compressed(${roff} ${page} ${CMAKE_INSTALL_MANDIR}/man${section})
  endforeach()
endif()

imgdedup_install_compressed(${CMAKE_CURRENT_LIST_DIR}/changelog changelog ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_CURRENT_LIST_DIR}/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
get_property(compressed GLOBAL PROPERTY imgdedup_compressed)
add_custom_target(imgdedup-documents ALL DEPENDS ${compressed})
