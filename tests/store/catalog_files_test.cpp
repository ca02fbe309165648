// SPDX-License-Identifier: Apache-2.0
// The contract of every catalog: files, their queue, contents.
#include <doctest/doctest.h>

#include "store/catalog_backends.h"
#include "store/store_error.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using matching::FileState;
using store::FileRole;
using store::QueuePlace;
using Strings = std::vector<std::string>;

TEST_CASE_TEMPLATE("a catalog gives a file back as it was put in", Backend, CATALOG_BACKENDS) {
  const OpenCatalog<Backend> catalog;
  const matching::FileStamp odd{~std::uint64_t{0}, ~std::uint64_t{0} - 1, 0, -1, -5};
  const auto id = catalog->add_file("/w/a.jpg", odd, 3, FileState::pending);
  const auto file = catalog->file(id);
  REQUIRE(file);
  CHECK(file->path == "/w/a.jpg");
  CHECK(file->stamp == odd);
  CHECK(file->hard_links == 3);
  CHECK(file->state == FileState::pending);
  CHECK(file->role == FileRole::none);
  CHECK_FALSE(file->content_id);
  CHECK_FALSE(file->refusal);
  CHECK_FALSE(file->restored);
  CHECK(catalog->file_at("/w/a.jpg")->id == id);
  CHECK_FALSE(catalog->file_at("/w/a.jp"));
  CHECK_FALSE(catalog->file_at("/w"));
  CHECK_FALSE(catalog->file(id + 1));
}

TEST_CASE_TEMPLATE("a catalog keeps paths as bytes", Backend, CATALOG_BACKENDS) {
  const OpenCatalog<Backend> catalog;
  const Strings paths{"/w/\xff\xfe.jpg",
                      "/w/new\nline.jpg",
                      "/w/%_'\"\\.jpg",
                      "/w/\x01\x1b[31m",
                      "/w/" + std::string(255, '\xc3'),
                      "/in root"};
  std::uint64_t inode = 0;
  for (const auto& path : paths) catalog->add_file(path, stamp(++inode), 1, FileState::pending);
  for (const auto& path : paths) {
    const auto file = catalog->file_at(path);
    REQUIRE(file);
    CHECK(file->path == path);
  }
  CHECK(paths_of(catalog->files_below("", 0, 100).rows) == paths);
  CHECK(paths_of(catalog->files_in_directory("/", "", 100)) == Strings{"/in root"});
}

TEST_CASE_TEMPLATE("a catalog lists a directory by name in byte order, page by page", Backend,
                   CATALOG_BACKENDS) {
  const OpenCatalog<Backend> catalog;
  const Strings names{"A", "B.jpg", "a", "a b", "a.jpg", "\x7f", "\x80", "\xff"};
  std::uint64_t inode = 0;
  for (auto name = names.rbegin(); name != names.rend(); ++name)
    catalog->add_file("/w/d/" + *name, stamp(++inode), 1, FileState::pending);
  catalog->add_file("/w/d/below/x", stamp(50), 1, FileState::pending);
  catalog->add_file("/w/dd/x", stamp(51), 1, FileState::pending);
  for (const std::size_t limit : {1U, 3U, 8U, 100U}) {
    Strings seen;
    std::string after;
    for (;;) {
      const auto page = catalog->files_in_directory("/w/d", after, limit);
      REQUIRE(page.size() <= limit);
      if (page.empty()) break;
      for (const auto& file : page) seen.push_back(file.path.substr(5));
      after = seen.back();
    }
    CHECK(seen == names);
  }
}

TEST_CASE_TEMPLATE("a listing of files looks at so many rows and goes on where it stopped", Backend,
                   CATALOG_BACKENDS) {
  const OpenCatalog<Backend> catalog;
  std::vector<store::FileId> ids;
  for (std::uint64_t i = 0; i < 8; ++i) {
    ids.push_back(catalog->add_file((i == 5 ? "/in/" : "/out/") + std::to_string(i), stamp(i + 1),
                                    1, FileState::pending));
    using matching::RefusalReason;
    if (i == 5)
      catalog->set_refused(ids[i], FileState::unreadable, {RefusalReason::unreadable, "no right"});
    else if (i != 0)
      catalog->set_refused(ids[i], FileState::not_an_image, {RefusalReason::not_an_image, "text"});
  }
  auto page = catalog->files_below("/in", 0, {9, 4});
  CHECK(page.rows.empty());
  CHECK(page.next == ids[3]);
  page = catalog->files_below("/in", *page.next, {9, 4});
  CHECK(ids_of(page.rows) == std::vector{ids[5]});
  CHECK(page.next == ids[7]);
  page = catalog->files_below("/in", *page.next, {9, 4});
  CHECK(page.rows.empty());
  CHECK_FALSE(page.next);

  page = catalog->refused_files(0, {9, 4});
  CHECK(page.rows.empty());
  CHECK(page.next == ids[4]);
  page = catalog->refused_files(*page.next, {9, 4});
  CHECK(ids_of(page.rows) == std::vector{ids[5]});
  CHECK_FALSE(page.next);
}

TEST_CASE_TEMPLATE("a catalog lists a tree and none of its neighbours", Backend, CATALOG_BACKENDS) {
  const OpenCatalog<Backend> catalog;
  const Strings inside{"/w/d/x", "/w/d/e/x", "/w/d/\xff/x", "/w/d/e/f/x", "/w/d/\x01/x"};
  const Strings outside{"/w/d", "/w/d.x/x", "/w/d0/x", "/w/d \xff/x", "/w/D/x", "/w/x", "/x"};
  std::uint64_t inode = 0;
  for (const auto& path : inside) catalog->add_file(path, stamp(++inode), 1, FileState::pending);
  for (const auto& path : outside) catalog->add_file(path, stamp(++inode), 1, FileState::pending);

  Strings seen;
  for (store::FileId after = 0;;) {
    const auto page = catalog->files_below("/w/d", after, 2).rows;
    if (page.empty()) break;
    for (const auto& file : page) seen.push_back(file.path);
    after = page.back().id;
  }
  CHECK(seen == inside);
  CHECK(catalog->directories_below("/w/d") ==
        Strings{"/w/d", "/w/d/\x01", "/w/d/e", "/w/d/e/f", "/w/d/\xff"});
  CHECK(catalog->count_files("/w/d").of(FileState::pending) == inside.size());
  CHECK(catalog->files_below("/", 0, 100).rows.size() == inside.size() + outside.size());
  CHECK(catalog->count_files("").of(FileState::pending) == inside.size() + outside.size());
  CHECK(catalog->directories_below("").size() == 11);
  CHECK(catalog->directories_below("/").size() == 11);
}

TEST_CASE_TEMPLATE("a directory without files is no longer listed", Backend, CATALOG_BACKENDS) {
  const OpenCatalog<Backend> catalog;
  const auto a = catalog->add_file("/w/a/x", stamp(1), 1, FileState::pending);
  const auto b = catalog->add_file("/w/b/x", stamp(2), 1, FileState::pending);
  catalog->move_file(a, "/w/c/x");
  CHECK(catalog->directories_below("/w") == Strings{"/w/b", "/w/c"});
  catalog->remove_file(b);
  CHECK(catalog->directories_below("/w") == Strings{"/w/c"});
  catalog->move_file(a, "/w/c/y");
  CHECK(catalog->directories_below("/w") == Strings{"/w/c"});
}

TEST_CASE_TEMPLATE("files wait in the order in which they began to wait", Backend,
                   CATALOG_BACKENDS) {
  const OpenCatalog<Backend> catalog;
  const auto order = [&] {
    std::vector<store::FileId> ids;
    std::int64_t after = store::before_all_pending;
    for (;;) {
      const auto page = catalog->pending_files(after, 2);
      if (page.empty()) return ids;
      for (const auto& [sequence, file] : page) {
        CHECK(sequence > after);
        after = sequence;
        ids.push_back(file.id);
      }
    }
  };
  const auto a = catalog->add_file("/w/a", stamp(1), 1, FileState::pending);
  const auto b = catalog->add_file("/w/b", stamp(2), 1, FileState::pending);
  const auto alias = catalog->add_file("/w/alias", stamp(2), 1, FileState::alias);
  const auto c = catalog->add_file("/w/c", stamp(3), 1, FileState::pending);
  CHECK(order() == std::vector{a, b, c});
  CHECK(catalog->pending_up_to(catalog->last_pending_sequence()) == 3);

  SUBCASE("one that waits keeps its place") {
    catalog->mark_pending(a, stamp(1, 2000), 2, QueuePlace::last);
    catalog->mark_pending(c, stamp(3, 2000), 2, QueuePlace::first);
    CHECK(order() == std::vector{a, b, c});
    CHECK(catalog->file(a)->stamp == stamp(1, 2000));
    CHECK(catalog->file(a)->hard_links == 2);
  }
  SUBCASE("one that waits is put last, one that does not is not") {
    const auto last = catalog->put_last(a);
    REQUIRE(last);
    CHECK(order() == std::vector{b, c, a});
    CHECK(catalog->last_pending_sequence() == *last);
    CHECK_FALSE(catalog->put_last(alias));
    CHECK(catalog->put_last(b));
    CHECK(order() == std::vector{c, a, b});
  }
  SUBCASE("one that was judged waits last, or first") {
    const auto content = catalog->add_content(fingerprint(1));
    for (const auto id : {a, b, c}) catalog->set_judged(id, content, FileRole::original);
    CHECK(order().empty());
    CHECK(catalog->pending_up_to(catalog->last_pending_sequence()) == 0);
    catalog->mark_pending(b, stamp(2), 1, QueuePlace::last);
    const auto last = catalog->last_pending_sequence();
    catalog->mark_pending(c, stamp(3), 1, QueuePlace::first);
    catalog->mark_pending(a, stamp(1), 1, QueuePlace::first);
    CHECK(order() == std::vector{a, c, b});
    CHECK(catalog->pending_up_to(last) == 3);
    CHECK(catalog->file(a)->content_id == content);
    CHECK(catalog->file(a)->role == FileRole::original);
    const auto d = catalog->add_file("/w/d", stamp(4), 1, FileState::pending);
    CHECK(order() == std::vector{a, c, b, d});
    CHECK(catalog->pending_up_to(last) == 3);
  }
  SUBCASE("what becomes of it ends the waiting") {
    catalog->set_refused(a, FileState::incomplete, {matching::RefusalReason::incomplete, "short"});
    catalog->set_alias(b);
    catalog->remove_file(c);
    CHECK(order().empty());
    catalog->mark_pending(alias, stamp(2), 1, QueuePlace::last);
    CHECK(order() == std::vector{alias});
  }
}

TEST_CASE_TEMPLATE("a refusal is kept, listed and forgotten", Backend, CATALOG_BACKENDS) {
  const OpenCatalog<Backend> catalog;
  const auto original = catalog.owner->add_file("/w/o", stamp(9), 1, FileState::pending);
  std::vector<store::FileId> ids;
  std::uint64_t inode = 10;
  for (const char* name : {"/w/a", "/w/b", "/w/c", "/w/d"})
    ids.push_back(catalog->add_file(name, stamp(++inode), 1, FileState::pending));
  using matching::RefusalReason;
  const matching::Refusal crash{RefusalReason::crashed, "it ended \xff the worker"};
  catalog->set_refused(ids[0], FileState::incomplete, {RefusalReason::incomplete, "ends early"});
  catalog->set_refused(ids[1], FileState::unreadable, crash);
  catalog->set_refused(ids[2], FileState::unsupported, {RefusalReason::unsupported, "GIF"});
  catalog->set_refused(ids[3], FileState::not_an_image, {RefusalReason::not_an_image, "text"});
  CHECK(ids_of(catalog->refused_files(0, 2).rows) == std::vector{ids[0], ids[1]});
  CHECK(ids_of(catalog->refused_files(ids[1], 2).rows) == std::vector{ids[2]});
  CHECK(catalog->file(ids[1])->refusal == crash);
  CHECK(catalog->count_poison() == 1);
  const auto counts = catalog->count_files("/w");
  CHECK(counts.of(FileState::incomplete) == 1);
  CHECK(counts.of(FileState::not_an_image) == 1);
  CHECK(counts.of(FileState::pending) == 1);

  catalog->mark_pending(ids[1], stamp(12, 7), 1, QueuePlace::last);
  CHECK_FALSE(catalog->file(ids[1])->refusal);
  catalog->set_judged(ids[0], catalog->add_content(fingerprint(1)), FileRole::original);
  CHECK_FALSE(catalog->file(ids[0])->refusal);
  CHECK(ids_of(catalog->refused_files(0, 9).rows) == std::vector{ids[2]});
  CHECK(catalog->file(original)->state == FileState::pending);
}

TEST_CASE_TEMPLATE("a refused file has no content and no role, but was restored still", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto id = catalog.add_judged("/w/a", 1, 1);
  const matching::Refusal damaged{matching::RefusalReason::damaged, "bad"};
  SUBCASE("like any other") {
    catalog->set_refused(id, FileState::unreadable, damaged);
    CHECK_FALSE(catalog->file(id)->content_id);
    CHECK(catalog->count_contents() == 0);
  }
  SUBCASE("restored, and its bytes may be the same when it can be read again") {
    catalog->set_restored(id, true);
    const auto content = catalog->file(id)->content_id;
    catalog->set_refused(id, FileState::unreadable, damaged);
    CHECK(catalog->file(id)->restored);
    CHECK(catalog->file(id)->content_id == content);
    CHECK(catalog->content(*content));
    CHECK(catalog->originals_with_content(*content).empty());
    CHECK(catalog->files_with_content(*content).empty());
    CHECK_FALSE(catalog->has_judged_file(digest(1)));
    CHECK(catalog->index_entries(matching::HashKind::phash, 0, 9).empty());
    catalog->remove_file(id);
    CHECK(catalog->count_contents() == 0);
    return;
  }
  CHECK(catalog->file(id)->role == FileRole::none);
}

TEST_CASE_TEMPLATE("who was judged while an original was away is remembered", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto a = catalog.add_judged("/w/a", 1, 1);
  const auto b = catalog.add_judged("/w/b", 2, 2);
  const auto c = catalog.add_judged("/w/c", 3, 3);
  for (const auto id : {a, b, c}) catalog->set_judged_without_offline(id, true);
  catalog.reopen();
  CHECK(ids_of(catalog->files_judged_without_offline(0, 2)) == std::vector{a, b});
  CHECK(ids_of(catalog->files_judged_without_offline(b, 2)) == std::vector{c});
  catalog->set_judged_without_offline(b, false);
  catalog->remove_file(c);
  const auto renewed = catalog->renew_file(a);
  CHECK(ids_of(catalog->files_judged_without_offline(0, 9)) == std::vector{renewed});
}

TEST_CASE_TEMPLATE("all names of one inode are found, oldest first", Backend, CATALOG_BACKENDS) {
  const OpenCatalog<Backend> catalog;
  const auto first = catalog->add_file("/w/z", stamp(1), 3, FileState::pending);
  const auto second = catalog->add_file("/w/a", stamp(1), 3, FileState::alias);
  auto elsewhere = stamp(1);
  elsewhere.device = 8;
  catalog->add_file("/w/b", elsewhere, 1, FileState::pending);
  CHECK(ids_of(catalog->files_with_inode(7, 1)) == std::vector{first, second});
  CHECK(catalog->files_with_inode(7, 2).empty());
  catalog->set_stamp(second, stamp(2), 1);
  CHECK(ids_of(catalog->files_with_inode(7, 2)) == std::vector{second});
}

TEST_CASE_TEMPLATE("the row that stands for an inode is told from its further names", Backend,
                   CATALOG_BACKENDS) {
  const OpenCatalog<Backend> catalog;
  using store::InodeRow;
  const auto alias = catalog->add_file("/w/a", stamp(1), 3, FileState::alias);
  const auto own = catalog->add_file("/w/b", stamp(1), 3, FileState::pending);
  const auto later = catalog->add_file("/w/c", stamp(1), 3, FileState::alias);
  CHECK(catalog->one_with_inode(7, 1, InodeRow::own, 0)->id == own);
  CHECK_FALSE(catalog->one_with_inode(7, 1, InodeRow::own, own));
  CHECK(catalog->one_with_inode(7, 1, InodeRow::alias, 0)->id == alias);
  CHECK(catalog->one_with_inode(7, 1, InodeRow::alias, alias)->id == later);
  CHECK_FALSE(catalog->one_with_inode(8, 1, InodeRow::own, 0));
  CHECK_FALSE(catalog->one_with_inode(7, 2, InodeRow::alias, 0));
}

TEST_CASE_TEMPLATE("refused files are found by the reason, page by page", Backend,
                   CATALOG_BACKENDS) {
  const OpenCatalog<Backend> catalog;
  using matching::RefusalReason;
  std::vector<store::FileId> crashed;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    const auto id = catalog->add_file("/w/" + std::to_string(i), stamp(i), 1, FileState::pending);
    const auto reason = i % 2 ? RefusalReason::crashed : RefusalReason::not_an_image;
    catalog->set_refused(id, i % 2 ? FileState::unreadable : FileState::not_an_image,
                         {reason, "because"});
    if (i % 2) crashed.push_back(id);
  }
  CHECK(ids_of(catalog->files_refused_for(RefusalReason::crashed, 0, 9)) == crashed);
  CHECK(ids_of(catalog->files_refused_for(RefusalReason::crashed, 0, 2)) ==
        std::vector{crashed[0], crashed[1]});
  CHECK(ids_of(catalog->files_refused_for(RefusalReason::crashed, crashed[1], 2)) ==
        std::vector{crashed[2]});
  CHECK(catalog->files_refused_for(RefusalReason::not_an_image, 0, 9).size() == 3);
  CHECK(catalog->files_refused_for(RefusalReason::timed_out, 0, 9).empty());
}

TEST_CASE_TEMPLATE("a content is one row, found by what it is", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto a = catalog->add_content(fingerprint(1));
  CHECK(catalog->add_content(fingerprint(1)) == a);
  CHECK(catalog->content(a)->fingerprint == fingerprint(1));
  CHECK(catalog->content_with_digest(digest(1)) == a);
  CHECK_FALSE(catalog->content_with_digest(digest(2)));
  CHECK(catalog->has_content_of_size(1001));
  CHECK_FALSE(catalog->has_content_of_size(1002));

  auto rewritten = fingerprint(2);
  rewritten.reduced_picture_digest = fingerprint(1).reduced_picture_digest;
  const auto b = catalog->add_content(rewritten);
  auto other_size = fingerprint(3);
  other_size.reduced_picture_digest = fingerprint(1).reduced_picture_digest;
  other_size.width_pixels = 641;
  catalog->add_content(other_size);
  CHECK(catalog->contents_with_reduced_picture(fingerprint(1), 9) == std::vector{a, b});
  CHECK(catalog->contents_with_reduced_picture(fingerprint(1), 1) == std::vector{a});
}

TEST_CASE_TEMPLATE("a content of which no file is left vanishes", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto a = catalog.add_judged("/w/a", 1, 1);
  const auto b = catalog.add_judged("/w/b", 2, 1);
  const auto content = *catalog->file(a)->content_id;
  catalog->remove_file(a);
  CHECK(catalog->content(content));
  SUBCASE("with its last file") { catalog->remove_file(b); }
  SUBCASE("when its last file has another") {
    catalog->set_judged(b, catalog->add_content(fingerprint(2)), FileRole::original);
  }
  SUBCASE("when its last file is refused") {
    catalog->set_refused(b, FileState::unreadable, {matching::RefusalReason::damaged, ""});
  }
  SUBCASE("when its last file turns out to be an alias") { catalog->set_alias(b); }
  CHECK_FALSE(catalog->content(content));
  CHECK_FALSE(catalog->content_with_digest(digest(1)));
  CHECK(catalog->count_contents() == (catalog->file(b) && catalog->file(b)->content_id ? 1 : 0));
}

TEST_CASE_TEMPLATE("a content stays while a file that had it waits", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto a = catalog.add_judged("/w/a", 1, 1);
  catalog->mark_pending(a, stamp(1, 9), 1, QueuePlace::last);
  CHECK(catalog->content_with_digest(digest(1)) == catalog->file(a)->content_id);
  CHECK(catalog->originals_with_content(*catalog->file(a)->content_id).empty());
  CHECK_FALSE(catalog->has_judged_file(digest(1)));
}

TEST_CASE_TEMPLATE("originals and their hashes are those of judged originals only", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto a = catalog.add_judged("/w/a", 1, 1);
  const auto b = catalog.add_judged("/w/b", 2, 1, FileRole::duplicate);
  const auto c = catalog.add_judged("/w/c", 3, 1);
  catalog.add_judged("/w/d", 4, 2, FileRole::duplicate);
  const auto e = catalog.add_judged("/w/e", 5, 3);
  const auto first = *catalog->file(a)->content_id;
  const auto third = *catalog->file(e)->content_id;
  CHECK(ids_of(catalog->originals_with_content(first)) == std::vector{a, c});
  CHECK(ids_of(catalog->files_with_content(first)) == std::vector{a, b, c});
  CHECK(catalog->has_judged_file(digest(2)));
  for (const auto kind : {matching::HashKind::ahash, matching::HashKind::dhash,
                          matching::HashKind::phash, matching::HashKind::whash}) {
    const auto entries = catalog->index_entries(kind, 0, 9);
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].content_id == first);
    CHECK(entries[0].hash == fingerprint(1).hashes.of(kind));
    CHECK(entries[1].content_id == third);
    CHECK(entries[1].hash == fingerprint(3).hashes.of(kind));
    CHECK(catalog->index_entries(kind, 0, 1).size() == 1);
    CHECK(catalog->index_entries(kind, first, 9).size() == 1);
  }
  const auto counts = catalog->count_files("/w");
  CHECK(counts.of(FileState::judged) == 5);
  CHECK(counts.judged_bytes == 500);
}

TEST_CASE_TEMPLATE("two files exchange their names, and their decisions follow", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto a = catalog.add_judged("/w/a/1", 1, 1);
  const auto b = catalog.add_judged("/w/b/2", 2, 1, FileRole::duplicate);
  const auto decision = catalog.decide(b, a);
  catalog->exchange_paths(a, b);
  CHECK(catalog->file(a)->path == "/w/b/2");
  CHECK(catalog->file(b)->path == "/w/a/1");
  CHECK(catalog->decision(decision)->path == "/w/a/1");
  CHECK(catalog->decision(decision)->original_path == "/w/b/2");
  CHECK(catalog->directories_below("") == Strings{"/w/a", "/w/b"});
}

TEST_CASE_TEMPLATE("a transaction that is not committed has changed nothing", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto a = catalog.add_judged("/w/a", 1, 1);
  for (const auto durability : {store::Durability::process, store::Durability::power}) {
    {
      const auto transaction = catalog->begin(durability);
      catalog->add_file("/w/b", stamp(2), 1, FileState::pending);
      catalog->remove_file(a);
      CHECK(catalog->count_contents() == 0);
    }
    CHECK(catalog->file(a));
    CHECK_FALSE(catalog->file_at("/w/b"));
    CHECK(catalog->count_contents() == 1);
    CHECK(catalog->last_pending_sequence() == 1);
    {
      const auto transaction = catalog->begin(durability);
      CHECK_THROWS_AS((void)catalog->begin(durability), store::StoreError);
      catalog->set_restored(a, true);
      transaction->commit();
    }
    CHECK(catalog->file(a)->restored);
  }
}

TEST_CASE_TEMPLATE("a catalog that is opened again has kept everything", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto a = catalog.add_judged("/w/a", 1, 1);
  const auto b = catalog.add_judged("/w/b", 2, 1, FileRole::duplicate);
  const auto decision = catalog.decide(b, a);
  const auto waiting = catalog->add_file("/w/c", stamp(3), 1, FileState::pending);
  catalog->set_distinct(digest(1), digest(2), true);
  catalog->set_root_identity("/w", {1, 2});
  catalog->make_durable();
  catalog.reopen();
  CHECK(catalog->file(a)->role == FileRole::original);
  CHECK(catalog->standing_decision_on(b)->id == decision);
  CHECK(catalog->pending_files(store::before_all_pending, 9).at(0).file.id == waiting);
  CHECK(catalog->are_distinct(digest(2), digest(1)));
  CHECK(catalog->root_identity("/w") == store::RootIdentity{1, 2});
  catalog->remove_file(waiting);
  CHECK(catalog->add_file("/w/d", stamp(4), 1, FileState::pending) > waiting);
}

TEST_CASE_TEMPLATE("roots have their identity, the latest one", Backend, CATALOG_BACKENDS) {
  const OpenCatalog<Backend> catalog;
  CHECK_FALSE(catalog->root_identity("/w\xff"));
  catalog->set_root_identity("/w\xff", {~std::uint64_t{0}, 2});
  catalog->set_root_identity("/w\xff", {~std::uint64_t{0}, 3});
  CHECK(catalog->root_identity("/w\xff") == store::RootIdentity{~std::uint64_t{0}, 3});
  CHECK_FALSE(catalog->root_identity("/w"));
}

TEST_CASE_TEMPLATE("pairs are distinct both ways round until they are not", Backend,
                   CATALOG_BACKENDS) {
  const OpenCatalog<Backend> catalog;
  catalog->set_distinct(digest(9), digest(3), true);
  catalog->set_distinct(digest(3), digest(9), true);
  CHECK(catalog->are_distinct(digest(3), digest(9)));
  CHECK(catalog->are_distinct(digest(9), digest(3)));
  CHECK_FALSE(catalog->are_distinct(digest(3), digest(8)));
  catalog->set_distinct(digest(3), digest(9), false);
  CHECK_FALSE(catalog->are_distinct(digest(9), digest(3)));
}
