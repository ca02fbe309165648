// SPDX-License-Identifier: Apache-2.0
// yaml-cpp's events, made into a tree. Its own tree forgets keys that come twice and expands
// aliases.
#include "config/yaml_tree.h"

#include <algorithm>
#include <cassert>
#include <sstream>
#include <utility>

#include <yaml-cpp/yaml.h>

// yaml.h leaves these out.
#include <yaml-cpp/eventhandler.h>

#include "config/printable.h"

namespace imgdedup::config {
namespace {

constexpr std::string_view no_anchors =
    "anchors and aliases (& and *) are not allowed; write the value out, and put text that begins "
    "with * or & between quotes";

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(ProblemList& problems) : problems_(problems) {}

  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    attach(make(YamlKind::null, mark, "", anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    attach(make(YamlKind::refused, mark, "", anchor));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = make(YamlKind::scalar, mark, tag, anchor);
    node.is_plain = tag == "?";
    node.text = value;
    attach(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open_.push_back(
        {make(YamlKind::sequence, mark, tag, anchor), YamlKind::sequence, std::nullopt});
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open_.push_back({make(YamlKind::map, mark, tag, anchor), YamlKind::map, std::nullopt});
  }
  void OnMapEnd() override { close(); }

 private:
  struct OpenNode {
    YamlNode node;
    YamlKind shape;               ///< map or sequence, even when the node is refused
    std::optional<YamlNode> key;  ///< read, and waiting for its value
  };

  YamlNode make(YamlKind kind, const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor) {
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    if (anchor != YAML::NullAnchor) {
      problems_.add(node.line, "", std::string(no_anchors));
      node.kind = YamlKind::refused;
    } else if (!tag.empty() && tag != "?" && tag != "!") {
      problems_.add(node.line, "", "tags (!) are not allowed; write the value without");
      node.kind = YamlKind::refused;
    }
    return node;
  }

  void close() {
    assert(!open_.empty());
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    attach(std::move(node));
  }

  void attach(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenNode& parent = open_.back();
    if (parent.shape == YamlKind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      parent.key = std::move(node);
    } else {
      add_entry(parent.node, *std::exchange(parent.key, std::nullopt), std::move(node));
    }
  }

  void add_entry(YamlNode& map, YamlNode key, YamlNode value) {
    if (key.kind == YamlKind::scalar)
      map.entries.push_back({std::move(key.text), key.line, std::move(value)});
    else if (key.kind != YamlKind::refused)
      problems_.add(key.line, "", "a key must be a word, such as watch");
  }

  ProblemList& problems_;
  std::vector<OpenNode> open_;
  YamlNode root_;
};

/// yaml-cpp takes byte 4 for the end of the file and zero bytes for UTF-16: neither may reach it.
bool is_text(std::string_view text, ProblemList& problems) {
  if (text.starts_with("\xfe\xff") || text.starts_with("\xff\xfe")) {
    problems.add(1, "", "is UTF-16, must be UTF-8");
    return false;
  }
  const auto bad = std::find_if(text.begin(), text.end(), [](char byte) {
    const auto value = static_cast<unsigned char>(byte);
    return (value < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || value == 0x7f;
  });
  if (bad == text.end()) return true;
  const auto line = 1 + std::count(text.begin(), bad, '\n');
  problems.add(static_cast<int>(line), "",
               "holds the control character " + quoted(std::string_view(&*bad, 1)) +
                   ", must be plain text; between double quotes such an escape is understood");
  return false;
}

}  // namespace

std::optional<YamlNode> parse_yaml(std::string_view text, ProblemList& problems) {
  if (!is_text(text, problems)) return std::nullopt;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(problems);
    parser.HandleNextDocument(builder);
    YamlNode root = builder.take_root();
    TreeBuilder further(problems);
    if (parser.HandleNextDocument(further))
      problems.add(further.take_root().line, "", "a second document begins, one is allowed");
    return root;
  } catch (const YAML::Exception& error) {
    const bool is_anchor = error.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR);
    problems.add(error.mark.is_null() ? 0 : error.mark.line + 1, "",
                 is_anchor
                     ? std::string(no_anchors)
                     : "is not YAML (" + printable(error.msg) + "), must be \"key: value\" lines");
    return std::nullopt;
  }
}

}  // namespace imgdedup::config
