// SPDX-License-Identifier: Apache-2.0
// What `status` says while a lost catalog is built again.
#include "daemon/catalog_rebuilding.h"

#include "store/catalog_files.h"

namespace imgdedup::daemon {

std::string rebuilding_words(store::SqliteCatalog& catalog) {
  const std::string damage = catalog.start().damage;
  const auto aside = store::newest_damaged(catalog.path());
  return "was lost or damaged" + (damage.empty() ? "" : " (" + damage + ")") + ", as found at " +
         store::time_suffix(catalog.rebuilding_since().value_or(0)) + " UTC" +
         (aside ? "; what was there lies in " + *aside : "") +
         ". A new one is being built from the folders, with the files in quarantine and what was "
         "declared distinct or restored taken over. No file is moved until every file has been "
         "looked at. Nothing has to be done; check the disk and the memory if it happens again";
}

std::string rebuilding_waits_for(const Roots& roots) {
  std::string away;
  for (const Root& root : roots.all())
    if (!root.is_online()) away += (away.empty() ? "" : ", ") + root.settings.path;
  return "is being built again, and no file is moved until every folder has been looked at; away "
         "now: " +
         away + ". Bring it back, or take it out of the settings";
}

}  // namespace imgdedup::daemon
