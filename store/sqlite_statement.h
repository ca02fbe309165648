// SPDX-License-Identifier: Apache-2.0
// One prepared statement, owned: bind, step, read columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace imgdedup::store {

/// Bytes bound or read as a BLOB (paths, digests), as opposed to TEXT.
struct Blob {
  std::string_view bytes;
};

/// Prepared when first used. Not thread safe.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3* database, std::string_view sql);
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  /// One run of the statement: binds `values` to ?1, ?2, ...; resets when it goes.
  class Run {
   public:
    explicit Run(SqliteStatement& statement) : statement_(statement) {}
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    /// True while there is a row. Throws StoreError naming the statement.
    bool next();
    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::uint64_t bits(int column) const {
      return static_cast<std::uint64_t>(integer(column));
    }
    [[nodiscard]] double real(int column) const;
    [[nodiscard]] std::string bytes(int column) const;  ///< TEXT or BLOB
    [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;
    [[nodiscard]] std::optional<double> optional_real(int column) const;

   private:
    SqliteStatement& statement_;
  };

  template <typename... Values>
  [[nodiscard]] Run run(const Values&... values) {
    prepare();
    int index = 0;
    (bind(++index, values), ...);
    return Run(*this);
  }

  /// Runs a statement that gives no rows.
  template <typename... Values>
  void execute(const Values&... values) {
    Run active = run(values...);
    while (active.next()) {
    }
  }

 private:
  void prepare();
  void check(int code) const;
  void bind(int index, std::int64_t value);
  void bind(int index, std::uint64_t value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, int value) { bind(index, std::int64_t{value}); }
  void bind(int index, double value);
  void bind(int index, std::string_view text);
  void bind(int index, Blob blob);
  void bind(int index, std::nullopt_t);
  template <typename Value>
  void bind(int index, const std::optional<Value>& value) {
    if (value)
      bind(index, *value);
    else
      bind(index, std::nullopt);
  }

  sqlite3* database_;
  std::string sql_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace imgdedup::store
