// SPDX-License-Identifier: Apache-2.0
// Whether a picture is the still of a live photo.
#pragma once

#include <string>

namespace imgdedup::daemon {

/// Whether a film of the same name lies in the same folder: IMG_1234.MOV beside IMG_1234.HEIC, as
/// telephones keep the two halves of one live photo. Asks for names only, opens nothing.
bool has_film_beside(const std::string& path);

}  // namespace imgdedup::daemon
