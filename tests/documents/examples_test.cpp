// SPDX-License-Identifier: Apache-2.0
// Every example of README and of the manual pages, run; what it prints has the shape that is shown.
// (Those for root, and of a person's own service: tests/systemd/boot_test.)
#include "documents/examples.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "end_to_end/service.h"
#include "protocol/command_table.h"
#include "support/temporary_directory.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

const fs::path source(IMGDEDUP_SOURCE_DIR);

void copy(const fs::path& from, const fs::path& to, std::vector<std::string> names) {
  fs::create_directories(to);
  for (const std::string& name : names) fs::copy_file(from / name, to / name);
}

/// A service over photos/, with the drawn pictures there that the documents speak of, and the
/// programs in build/, as they lie after script/run.
struct Scene {
  explicit Scene(const std::string& actions) : service("actions: {exact: " + actions + "}\n") {
    const fs::path drawn = service.base() / "drawn";
    fs::create_directories(drawn);
    const ProgramResult demo = run_program({DEMO_PICTURES_PATH, "--at-once", drawn});
    REQUIRE(demo.exit_status == 0);
    demo_lines = lines_of(demo.errors);
    service.start();
    copy(drawn, service.root(), {"hills.jpg", "town.png", "forest.jpg"});
    service.sync();
    // The one that moves first, so that it has the number that the documents show.
    copy(drawn, service.root(), {"hills (1).jpg"});
    service.sync();
    copy(drawn, service.root(), {"town-again.png", "hills-for-the-web.jpg", "forest-small.jpg"});
    fs::create_directories(service.base() / "build/run");
    for (const char* program : {"imgdedupctl", "imgdedup"})
      fs::create_symlink(fs::path(IMGDEDUPCTL_PATH).parent_path() / program,
                         service.base() / "build" / program);
    fs::create_symlink(service.socket(), service.base() / "build/run/control.sock");
    service.sync();
  }

  ProgramResult run(const std::string& command) {
    return run_program({"sh", "-c", "cd '" + service.base().string() + "' && " + command},
                       {{"IMGDEDUPD_SOCKET", service.socket()},
                        {"HOME", service.base()},
                        {"PATH", (service.base() / "build").string() + ":/usr/bin:/bin"}});
  }

  /// Runs the example with `paths` of the document put right, and compares.
  void check(const Example& example,
             const std::vector<std::pair<std::string, std::string>>& paths) {
    std::string command = example.command;
    for (const auto& [shown, real] : paths) command = replaced(command, shown, real);
    // What the example before this one set going is not shown.
    service.sync();
    const ProgramResult result = run(command);
    std::string printed = result.output + result.errors;
    for (const auto& [shown, real] : paths) printed = replaced(printed, real, shown);
    CAPTURE(command);
    CHECK_MESSAGE(result.exit_status == 0, printed);
    CHECK_MESSAGE(shapes_of(lines_of(printed)) == shapes_of(example.output), "printed:\n", printed,
                  "shown:\n", joined(example.output));
  }

  Service service;
  std::vector<std::string> demo_lines;
};

}  // namespace

TEST_CASE("a shape keeps words and drops numbers, times, sizes and widths") {
  CHECK(shape_of("images       6 (6 contents, 2.0 MiB)") == "images N (N contents, SIZE)");
  CHECK(shape_of(" 1  just now  exact     0 bits") == shape_of("12  5 min ago  exact  14 bits"));
  CHECK(shape_of("process 4711, up 2 min 4 s") == shape_of("process 1, up 3.5 s"));
  CHECK(shape_of("/a/hills (1).jpg") != shape_of("/a/town.png"));
}

TEST_CASE("imgdedupctl(1): every example prints what is shown") {
  Scene scene("quarantine");
  const std::string root = scene.service.root();
  write_file(fs::path(root) / "half.jpg",
             read_file(scene.service.base() / "drawn/holiday-4.jpg").substr(0, 30000));
  fs::create_directories(scene.service.base() / "incoming");
  fs::copy_file(scene.service.base() / "drawn/hills-for-the-web.jpg",
                scene.service.base() / "incoming/hills-small.jpg");
  scene.service.sync();
  const auto examples =
      examples_of(read_file(source / "docs/manual/imgdedupctl.1.scd"), Markup::scdoc);
  CHECK(examples.size() >= 11);
  for (const Example& example : examples)
    scene.check(example,
                {{"/srv/photos", root}, {"/srv/out", (scene.service.base() / "out").string()}});
}

TEST_CASE("imgdedup(1): every example prints what is shown") {
  Scene scene("log");
  const auto examples =
      examples_of(read_file(source / "docs/manual/imgdedup.1.scd"), Markup::scdoc);
  CHECK(examples.size() >= 9);
  for (const Example& example : examples) scene.check(example, {});
}

TEST_CASE("help: every example of a command can be run") {
  for (const auto& command : imgdedup::protocol::all_commands()) {
    // What one command changes is not the next one's matter, but for the order of these two.
    static Scene scene("quarantine");
    const std::string line =
        "imgdedupctl " + std::string(imgdedup::protocol::words_of(command).example);
    CAPTURE(line);
    if (!fs::exists(scene.service.root() / "hills-small.jpg"))
      fs::copy_file(scene.service.base() / "drawn/hills-for-the-web.jpg",
                    scene.service.root() / "hills-small.jpg");
    const ProgramResult result = scene.run(line);
    CHECK_MESSAGE(result.exit_status == 0, result.errors);
    scene.service.call("resume");
  }
}

TEST_CASE("README: every command that can be run here prints what is shown") {
  Scene scene("log");
  copy(scene.service.base() / "drawn", scene.service.root(),
       {"holiday-4.jpg", "holiday-5.jpg", "holiday-6.jpg", "holiday-7.jpg", "holiday-8.jpg"});
  scene.service.sync();
  fs::create_directories(scene.service.base() / "some");
  fs::copy_file(scene.service.root() / "hills.jpg", scene.service.base() / "some/picture.jpg");
  const std::string root = scene.service.root();
  std::size_t run = 0;
  for (Example example : examples_of(read_file(source / "README.md"), Markup::markdown)) {
    if (example.command == "script/run") {
      // Its lines come from the service's log and from the program that draws the pictures.
      std::vector<std::string> lines = scene.demo_lines;
      for (const std::string& line : lines_of(scene.service.service_log()))
        lines.push_back(replaced(replaced(line, root, "…/build/run/inbox"),
                                 scene.service.socket().string(), "…/build/run/control.sock"));
      const std::vector<std::string> shapes = shapes_of(lines);
      for (const std::string& line : example.output)
        if (line != "...")
          CHECK_MESSAGE(std::binary_search(shapes.begin(), shapes.end(), shape_of(line)), line,
                        "\nis not printed; what is:\n", joined(lines));
      continue;
    }
    ++run;
    // What find prints on its way is not shown there.
    if (example.command.starts_with("imgdedup ")) example.command += " 2>/dev/null";
    if (example.command.find("/some/picture.jpg") != std::string::npos) {
      CHECK(scene.run(example.command).exit_status == 0);
      continue;
    }
    scene.check(example, {{"…/build/run/inbox", root}});
  }
  CHECK(run >= 6);
}

TEST_CASE("README: what it says to do as root is what imgdedupd(8) says, and is run there") {
  const std::string manual = read_file(source / "docs/manual/imgdedupd.8.scd");
  std::size_t compared = 0;
  for (const std::string& line : example_lines(read_file(source / "README.md"), Markup::markdown)) {
    if (!line.starts_with("sudo ")) continue;
    std::string command = line.substr(5, line.find("  #") - 5);
    while (command.ends_with(' ')) command.pop_back();
    if (command.starts_with("apt install ")) continue;  // boot_test installs the package with dpkg
    if (command.starts_with("sh -c '")) command = command.substr(7, command.size() - 8);
    CHECK_MESSAGE(manual.find("\n# " + command + "\n") != std::string::npos, command);
    ++compared;
  }
  CHECK(compared >= 7);
}
