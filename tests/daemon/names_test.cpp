// SPDX-License-Identifier: Apache-2.0
// Which names count, which root holds a path, which directories are known.
#include <doctest/doctest.h>

#include "daemon/directory_tree.h"
#include "daemon/path_filter.h"
#include "daemon/roots.h"

using namespace imgdedup;
using daemon::DirectoryNode;
using daemon::DirectoryTree;
using daemon::NodeId;
using daemon::PathFilter;

TEST_CASE("globs say which files count") {
  struct Row {
    std::vector<std::string> include, exclude;
    std::string path;
    bool file, directory;
  };
  const std::vector<std::string> usual{"*.part", "*.crdownload", "*.tmp", ".*"};
  const Row rows[]{
      {{}, usual, "a.jpg", true, true},
      {{}, usual, "sub/a.jpg", true, true},
      {{}, usual, ".a.jpg", false, false},
      {{}, usual, "sub/.a.jpg", false, false},
      {{}, usual, ".sub/a.jpg", true, true},  // the directory itself is left out
      {{}, usual, "a.jpg.part", false, false},
      {{}, {}, ".a.jpg", true, true},
      {{"*.jpg"}, {}, "a.jpg", true, true},
      {{"*.jpg"}, {}, "x/y/a.jpg", true, true},
      {{"*.jpg"}, {}, "a.png", false, true},
      {{"*.jpg"}, {}, "a.jpg/b.png", false, true},
      {{"*.jpg", "*.png"}, {"b*"}, "b.png", false, false},
      {{"in/*.jpg"}, {}, "in/a.jpg", true, true},
      {{"in/*.jpg"}, {}, "in/x/a.jpg", false, true},
      {{"in/*.jpg"}, {}, "x/in/a.jpg", false, true},
      {{"/in/*.jpg"}, {}, "in/a.jpg", true, true},
      {{}, {"thumbs"}, "thumbs", false, false},
      {{}, {"thumbs"}, "x/thumbs", false, false},
      {{}, {"thumbs"}, "x/thumbs.jpg", true, true},
      {{}, {"/thumbs"}, "thumbs", false, false},
      {{}, {"/thumbs"}, "x/thumbs", true, true},
      {{}, {"*"}, "\xff\xfe.jpg", false, false},
      {{"\xff*"}, {}, "\xff.jpg", true, true},
      {{"*.jpg"}, {}, "new\nline.jpg", true, true},
      {{"[ab].jpg"}, {}, "b.jpg", true, true},
      {{}, {""}, "a.jpg", true, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    const PathFilter filter(row.include, row.exclude);
    CHECK(filter.admits_file(row.path) == row.file);
    CHECK(filter.admits_directory(row.path) == row.directory);
  }
}

TEST_CASE("a file below a directory that is left out is not reached") {
  const PathFilter filter({"*.jpg"}, {"private", ".*", "/a/b"});
  CHECK(filter.reaches_file("x/y/a.jpg"));
  CHECK_FALSE(filter.reaches_file("x/private/y/a.jpg"));
  CHECK_FALSE(filter.reaches_file(".x/a.jpg"));
  CHECK_FALSE(filter.reaches_file("a/b/a.jpg"));
  CHECK(filter.reaches_file("x/a/b/a.jpg"));
  CHECK_FALSE(filter.reaches_file("x/a.png"));
}

TEST_CASE("names of unfinished files are told from others") {
  using daemon::is_temporary_name;
  for (const char* name :
       {"a.part", "a.PART", "a.jpg.crdownload", "x.tmp", "a.jpg~", "~", "a.partial", "a.download",
        ".a.jpg.Ab12Cd", ".IMG.jpg.xxxxxx", ".imgdedup-moving-17"})
    CHECK_MESSAGE(is_temporary_name(name), name);
  for (const char* name : {"a.jpg", "part", "a.parts", ".hidden.jpg", "a.jpg.Ab12Cd", ".profile",
                           ".x.abc-ef", "tmp.jpg", "", ".", ".a.toolong"})
    CHECK_MESSAGE(!is_temporary_name(name), name);
  CHECK_FALSE(PathFilter({}, {}).admits_file("sub/.a.jpg.Ab12Cd"));
  CHECK_FALSE(PathFilter({"*"}, {}).admits_file("a.part"));
}

TEST_CASE("names of images are told from others") {
  for (const char* name : {"a.jpg", "A.JPEG", "x.y.PnG", ".webp", "/w/d.x/a.tiff"})
    CHECK_MESSAGE(daemon::is_named_like_an_image(name), name);
  for (const char* name : {"a", "", "jpg", "a.jpg.txt", "a.jpg/b", "a.", "/w/d.jpg/a"})
    CHECK_MESSAGE(!daemon::is_named_like_an_image(name), name);
}

TEST_CASE("the root that holds a path is found by whole parts of it") {
  config::WatchedRoot a, b;
  a.path = "/srv/photos";
  a.quarantine = "/srv/photos/.q";
  b.path = "/srv/photos2";
  b.quarantine = "/srv/q2";
  daemon::Roots roots({a, b});
  CHECK(roots.holding("/srv/photos/a")->settings.path == a.path);
  CHECK(roots.holding("/srv/photos")->settings.path == a.path);
  CHECK(roots.holding("/srv/photos2/a")->settings.path == b.path);
  for (const char* path : {"/srv/photo", "/srv/photos3/a", "/srv", "/", "", "srv/photos/a"})
    CHECK_MESSAGE(!roots.holding(path), path);
  CHECK(roots.any_offline());
  CHECK_FALSE(roots.is_online("/srv/photos/a"));
  roots.all()[0].mode = daemon::RootMode::polling;
  CHECK(roots.is_online("/srv/photos/a"));
  CHECK_FALSE(roots.is_online("/elsewhere"));
  CHECK(roots.quarantine_directories() == std::vector<std::string>{"/srv/photos/.q", "/srv/q2"});

  CHECK(daemon::relative_to(roots.all()[0], "/srv/photos/a/b") == "a/b");
  CHECK(daemon::relative_to(roots.all()[0], "/srv/photos").empty());
}

TEST_CASE("the root of everything is a root like any other") {
  config::WatchedRoot everything;
  everything.path = "/";
  const daemon::Roots roots({everything});
  REQUIRE(roots.holding("/a/b"));
  CHECK(daemon::relative_to(*roots.holding("/a/b"), "/a/b") == "a/b");
  CHECK(daemon::relative_to(*roots.holding("/a/b"), "/").empty());
  CHECK(daemon::absolute_path("/", "a/b") == "/a/b");
  CHECK(daemon::absolute_path("/", "") == "/");
  CHECK(daemon::absolute_path("/r", "a") == "/r/a");
  CHECK(daemon::join_relative("", "a") == "a");
  CHECK(daemon::join_relative("a", "b") == "a/b");
}

TEST_CASE("directories are found by path and leave with all below them") {
  DirectoryTree tree;
  const NodeId root = tree.add(0, 0, "").id;
  const NodeId a = tree.add(0, root, "a").id;
  const NodeId ab = tree.add(0, a, "a/b").id;
  const NodeId c = tree.add(0, root, "c").id;
  CHECK(tree.find_path(root, "")->id == root);
  CHECK(tree.find_path(root, "a/b")->id == ab);
  CHECK_FALSE(tree.find_path(root, "a/c"));
  CHECK_FALSE(tree.find_path(root, "b"));
  CHECK_FALSE(tree.find_path(999, "a"));
  CHECK(tree.find(root)->children.size() == 2);

  std::vector<NodeId> seen;
  tree.for_each_below(root, [&](DirectoryNode& node) { seen.push_back(node.id); });
  CHECK(seen.size() == 4);

  std::vector<std::string> removed;
  tree.remove(a, [&](const DirectoryNode& node) { removed.push_back(node.relative); });
  CHECK(removed == std::vector<std::string>{"a", "a/b"});
  CHECK(tree.size() == 2);
  CHECK_FALSE(tree.find(ab));
  CHECK_FALSE(tree.find_path(root, "a"));
  tree.remove(a, [](const DirectoryNode&) { FAIL("it was removed before"); });
  const NodeId again = tree.add(0, root, "a").id;
  CHECK(again > c);
  CHECK(tree.find_path(root, "a")->id == again);
}

TEST_CASE("a directory that took the name of another is not lost with it") {
  DirectoryTree tree;
  const NodeId root = tree.add(0, 0, "").id;
  const NodeId old = tree.add(0, root, "a").id;
  const NodeId young = tree.add(0, root, "a").id;
  tree.remove(old, [](const DirectoryNode&) {});
  REQUIRE(tree.find_path(root, "a"));
  CHECK(tree.find_path(root, "a")->id == young);
}

TEST_CASE("a tree may be deeper than a stack") {
  DirectoryTree tree;
  const NodeId root = tree.add(0, 0, "").id;
  NodeId parent = root;
  std::string relative;
  for (int i = 0; i < 3000; ++i) {
    relative = daemon::join_relative(relative, "d");
    parent = tree.add(0, parent, relative).id;
  }
  CHECK(tree.find_path(root, relative)->id == parent);
  std::size_t count = 0;
  tree.remove(root, [&](const DirectoryNode&) { ++count; });
  CHECK(count == 3001);
  CHECK(tree.size() == 0);
}
