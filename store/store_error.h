// SPDX-License-Identifier: Apache-2.0
// A failure of the catalog or of the quarantine: what was attempted on what, and why it failed.
#pragma once

#include <stdexcept>

namespace imgdedup::store {

class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The catalog cannot be written or read now, and may be later: the disk is full or read-only, it
/// answers with errors, another program holds the file.
class CatalogUnavailable : public StoreError {
 public:
  using StoreError::StoreError;
};

/// SQLite found the catalog's file damaged while it was used.
class CatalogDamaged : public StoreError {
 public:
  using StoreError::StoreError;
};

/// A row says what means nothing, which no check of SQLite's finds.
class MeaninglessRow : public CatalogDamaged {
 public:
  using CatalogDamaged::CatalogDamaged;
};

}  // namespace imgdedup::store
