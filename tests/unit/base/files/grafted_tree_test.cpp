#include <doctest/doctest.h>

#include <memory>

#include "base/files/archive_writer.hpp"
#include "base/files/file_tree.hpp"

using namespace gitopsctl;

namespace {

TreePath path(std::string_view text) {
  auto parsed = TreePath::parse(text);
  REQUIRE(parsed.ok());
  return *parsed;
}

std::string names(const FileTree& tree, std::string_view directory) {
  const auto list = tree.list(path(directory));
  REQUIRE(list.ok());
  std::string out;
  for (const auto& info : *list) out += (out.empty() ? "" : " ") + info.name;
  return out;
}

std::shared_ptr<MemoryTree> base_tree() {
  auto tree = std::make_shared<MemoryTree>();
  tree->add(path("charts/web/Chart.yaml"), "web");
  tree->add(path("charts/web/charts/old/Chart.yaml"), "old");
  tree->add(path("charts/near/Chart.yaml"), "near");
  tree->add_link(path("link"), "charts/web");
  return tree;
}

FileTreePtr archive() {
  return one_file_tree("lib-1.0.tgz", std::make_shared<const std::string>("bytes"), "sha256:1", "lib 1.0 of https://x");
}

}  // namespace

TEST_SUITE("base/files grafts") {
  TEST_CASE("a file and a directory stand where they were put, beside what was there") {
    const auto base = base_tree();
    const auto tree = graft_trees(base, {{path("charts/web/charts/lib-1.0.tgz"), archive(), path("lib-1.0.tgz")},
                                         {path("charts/web/charts/near"), base, path("charts/near")},
                                         {path("new/deep/lib.tgz"), archive(), path("lib-1.0.tgz")}});
    CHECK(names(*tree, "charts/web/charts") == "lib-1.0.tgz near old");
    CHECK(names(*tree, "") == "charts link new");
    CHECK(names(*tree, "new") == "deep");
    CHECK(names(*tree, "new/deep") == "lib.tgz");
    CHECK(tree->read(path("charts/web/charts/lib-1.0.tgz")).value_or("") == "bytes");
    CHECK(tree->read(path("charts/web/charts/near/Chart.yaml")).value_or("") == "near");
    CHECK(tree->read(path("charts/web/Chart.yaml")).value_or("") == "web");
    CHECK(tree->read(path("link/charts/lib-1.0.tgz")).value_or("") == "bytes");
    CHECK(tree->display(path("charts/web/charts/lib-1.0.tgz")) == "lib 1.0 of https://x");
    CHECK(tree->display(path("charts/web/charts/near/Chart.yaml")) == "charts/near/Chart.yaml");
    CHECK_FALSE(tree->exists(path("charts/web/charts/none")));
    CHECK_FALSE(tree->exists(path("new/other")));
    CHECK(tree->stat(path("new")).value_or(FileInfo{}).type == FileType::directory);
  }

  TEST_CASE("what was there is hidden, and nothing is grafted where there are no grafts") {
    const auto base = base_tree();
    const auto tree = graft_trees(base, {{path("charts/near"), archive(), path("lib-1.0.tgz")}});
    CHECK(tree->stat(path("charts/near")).value_or(FileInfo{}).type == FileType::file);
    CHECK_FALSE(tree->exists(path("charts/near/Chart.yaml")));
    CHECK(graft_trees(base, {}) == base);
  }

  TEST_CASE("what is read of the base below is noted, what is grafted is not") {
    const auto recorder = std::make_shared<RecordingTree>(base_tree());
    const auto tree = graft_trees(recorder, {{path("charts/web/charts/lib-1.0.tgz"), archive(), path("lib-1.0.tgz")}});
    REQUIRE(tree->read(path("charts/web/charts/lib-1.0.tgz")).ok());
    REQUIRE(tree->read(path("charts/web/Chart.yaml")).ok());
    const auto noted = recorder->dependencies();
    REQUIRE(noted.size() == 1);
    CHECK(noted.front().path.str() == "charts/web/Chart.yaml");
  }

  TEST_CASE("one file is bounded as every other") {
    const auto tree = archive();
    CHECK(tree->stat(path("lib-1.0.tgz")).value_or(FileInfo{}).content_id == "sha256:1");
    CHECK(names(*tree, "") == "lib-1.0.tgz");
    CHECK(tree->read(path("lib-1.0.tgz"), 2).error().code() == ErrorCode::too_large);
    CHECK(tree->read(path("other")).error().code() == ErrorCode::not_found);
  }
}

TEST_SUITE("base/files archive writer") {
  TEST_CASE("what is packed is read again, long names and large files included") {
    const std::string long_name = "web/" + std::string(180, 'd') + "/" + std::string(90, 'f');
    const std::string large(300'000, 'x');
    const std::string odd(513, 'y');
    const auto packed = pack_tgz({{"web/Chart.yaml", "a"}, {long_name, large}, {"web/empty", ""}, {"web/odd", odd}});
    REQUIRE(packed.ok());
    CHECK(packed->size() < 5'000);
    const auto tree = open_tgz(*packed, "x");
    if (!tree.ok()) FAIL(tree.error().to_string());
    CHECK((*tree)->read(path("web/Chart.yaml")).value_or("") == "a");
    CHECK((*tree)->read(path(long_name)).value_or("") == large);
    CHECK((*tree)->read(path("web/odd")).value_or("") == odd);
    CHECK((*tree)->read(path("web/empty")).value_or("x").empty());
    CHECK(pack_tgz({{"web/Chart.yaml", "a"}}).value_or("1") == pack_tgz({{"web/Chart.yaml", "a"}}).value_or("2"));
  }
}
