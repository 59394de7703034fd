#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "channels/git/mirror.hpp"
#include "channels/git/tree_object.hpp"
#include "tests/support/processor_time.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

namespace {

TreePath path(const std::string& text) {
  auto parsed = TreePath::parse(text);
  REQUIRE(parsed.ok());
  return *parsed;
}

struct Fixture {
  Fixture() : repository(scratch / "origin.git") {}
  FileTreePtr tree() {
    if (mirror == nullptr) {
      RemoteConfig config;
      config.name = "shop";
      config.url = repository.path();
      auto opened = Mirror::open(scratch / "mirror", config);
      REQUIRE(opened.ok());
      mirror = std::move(opened).value();
    }
    const auto listing = mirror->list_remote({});
    REQUIRE(listing.ok());
    REQUIRE(mirror->fetch(*listing, {}, {}).ok());
    auto out = mirror->tree(mirror->refs().at("refs/heads/main"));
    REQUIRE(out.ok());
    return *out;
  }
  ScratchDir scratch;
  ScratchRepo repository;
  std::unique_ptr<Mirror> mirror;
};

}  // namespace

TEST_SUITE("git/tree") {
  TEST_CASE("files, directories, links and what is executable") {
    Fixture f;
    f.repository.commit("main", {{"a.txt", "hello"},
                                 {"bin/run!", "#!/bin/sh"},
                                 {"dir.txt", "after dir in bytes, before it in Git's order"},
                                 {"dir/deep/b.txt", "deep"},
                                 {"dir/link@", "../a.txt"},
                                 {"dirlink@", "dir/deep"},
                                 {"out@", "../../etc/passwd"},
                                 {"absolute@", "/etc/passwd"},
                                 {"ring@", "ring"}});
    const auto tree = f.tree();
    CHECK(tree->read(path("a.txt")).value_or("") == "hello");
    CHECK(tree->read(path("dir/link")).value_or("") == "hello");
    CHECK(tree->read(path("dirlink/b.txt")).value_or("") == "deep");
    CHECK(tree->read(path("out")).error().code() == ErrorCode::forbidden);
    CHECK(tree->read(path("absolute")).error().code() == ErrorCode::forbidden);
    CHECK(tree->read(path("ring")).error().code() == ErrorCode::invalid_input);
    CHECK(tree->read(path("none")).error().code() == ErrorCode::not_found);
    CHECK(tree->read(path("a.txt/below")).error().code() == ErrorCode::not_found);
    CHECK(tree->read(path("dir")).error().code() == ErrorCode::invalid_input);
    CHECK(tree->read(path("a.txt"), 4).error().code() == ErrorCode::too_large);
    CHECK(tree->stat(path("a.txt"))->size == 5);
    CHECK(tree->stat(path("bin/run"))->executable);
    CHECK(tree->stat(path("dirlink"))->type == FileType::directory);

    const auto names = tree->list(path(""));
    REQUIRE(names.ok());
    std::string all;
    for (const auto& entry : *names) all += entry.name + (entry.type == FileType::symlink ? "@ " : " ");
    CHECK(all == "a.txt absolute@ bin dir dir.txt dirlink@ out@ ring@ ");
  }

  TEST_CASE("content ids tell what changed, also through links") {
    Fixture f;
    f.repository.commit("main", {{"a/x", "1"}, {"b/y", "2"}, {"c/link@", "../b/y"}});
    const auto before = f.tree();
    f.repository.commit("main", {{"b/y", "changed"}});
    const auto after = f.tree();
    CHECK(before->stat(path("a"))->content_id == after->stat(path("a"))->content_id);
    CHECK_FALSE(before->stat(path("a"))->content_id.empty());
    CHECK(before->stat(path("b"))->content_id != after->stat(path("b"))->content_id);
    // The directory with the link is the same object, but what it leads to is not.
    CHECK(before->stat(path("c"))->content_id.empty());
    CHECK(content_id(*before, path("c")) != content_id(*after, path("c")));
    CHECK(content_id(*before, path("a")) == content_id(*after, path("a")));
  }

  TEST_CASE("a deep tree with a link is identified at once, or not at all") {
    Fixture f;
    std::string deep;
    for (int i = 0; i < 600; ++i) deep += "d/";
    f.repository.commit("main", {{deep + "link@", "x"}, {deep + "x", "1"}, {"flat/a/link@", "../../b/y"}, {"b/y", "2"}});
    const auto tree = f.tree();
    const auto start = support::processor_time();
    CHECK(content_id(*tree, path("d")) != content_id(*tree, path("d")));
    for (int i = 0; i < 100; ++i) CHECK(tree->read(path(deep + "x")).value_or("") == "1");
    CHECK(support::processor_time() - start < std::chrono::seconds(3));
    CHECK(content_id(*tree, path("flat")) == content_id(*tree, path("flat")));
    CHECK(content_id(*tree, path("flat")).starts_with("dir:"));
    // Listings know directories without links, so that nobody has to go into them.
    for (const auto& entry : *tree->list(path(""))) {
      CHECK((entry.content_id == tree->stat(path(entry.name))->content_id));
    }
  }

  TEST_CASE("submodules are neither files nor errors") {
    Fixture f;
    f.repository.commit("main", {{"a", "1"}});
    const auto tree = f.repository.git({"mktree"}, "100644 blob " + f.repository.git({"rev-parse", "main:a"}) + "\ta\n" +
                                                       "160000 commit " + std::string(40, '1') + "\tvendor\n");
    const auto commit = f.repository.git({"commit-tree", "-m", "submodule", tree});
    f.repository.git({"update-ref", "refs/heads/main", commit});
    const auto files = f.tree();
    CHECK(files->stat(path("vendor"))->type == FileType::other);
    CHECK(files->list(path("")).value_or({}).size() == 2);
    CHECK_FALSE(files->read(path("vendor")).ok());
  }

  TEST_CASE("tree objects with impossible names or modes are damaged") {
    using git::parse_tree;
    const std::string id(20, '\x01');
    const auto entry = [&id](const std::string& mode, const std::string& name) { return mode + " " + name + '\0' + id; };
    CHECK(parse_tree(entry("100644", "a") + entry("40000", "b")).ok());
    for (const auto& bad : {entry("100644", ".."), entry("100644", "."), entry("100644", ""), entry("100644", "a/b"),
                            entry("999999", "a"), entry("", "a"), entry("100644", "a") + entry("40000", "a"),
                            std::string("100644 a"), entry("100644", "a").substr(0, 20)}) {
      CHECK_FALSE(parse_tree(bad).ok());
    }
    // Git's order differs from the bytes' where a directory is involved, and comes back when written.
    const std::string git_order = entry("100644", "a.b") + entry("40000", "a") + entry("100644", "a0");
    const auto read = parse_tree(git_order);
    REQUIRE(read.ok());
    CHECK(read->front().name == "a");
    CHECK(git::write_tree_bytes(*read) == git_order);
  }

  TEST_CASE("commit objects are read by their first lines only") {
    const std::string tree(40, 'a');
    const auto read = git::parse_commit(
        "tree " + tree + "\nparent " + std::string(40, 'b') +
        "\nauthor A B <a@b> 12 +0100\ncommitter C <c@d> 99 +0000\ngpgsig x\n tree nonsense\n\ntree of life\n");
    REQUIRE(read.ok());
    CHECK(read->tree == tree);
    CHECK(read->author_name == "A B");
    CHECK(read->committed == 99);
    CHECK(read->message == "tree of life\n");
    // As Git does: a parent is one only right behind the tree, and what comes again later does not count.
    const auto forged =
        git::parse_commit("tree " + tree + "\nauthor A <a@b> 12 +0000\nparent " + std::string(40, 'c') +
                          "\ncommitter C <c@d> 99 +0000\ntree " + std::string(40, 'd') + "\nauthor E <e@f> 1 +0000\n\nx");
    REQUIRE(forged.ok());
    CHECK(forged->tree == tree);
    CHECK(forged->parents.empty());
    CHECK(forged->author_name == "A");
    CHECK(forged->message == "x");
    CHECK_FALSE(git::parse_commit("parent " + std::string(40, 'b') + "\ntree " + tree + "\n\n").ok());
    CHECK(git::parse_commit("tree " + tree + "\n").ok());
    CHECK_FALSE(git::parse_commit("author x\n\n").ok());
    CHECK_FALSE(git::parse_commit("").ok());
    CHECK_FALSE(git::parse_commit("tree " + tree + "\nparent ../../etc\n\n").ok());
  }
}

TEST_SUITE("concurrency: git tree") {
  TEST_CASE("a tree can be read by several threads while the mirror goes on and is trimmed") {
    Fixture f;
    std::map<std::string, std::string> files;
    for (int i = 0; i < 50; ++i) files["d" + std::to_string(i % 5) + "/f" + std::to_string(i)] = std::to_string(i);
    f.repository.commit("main", files);
    const auto tree = f.tree();
    std::atomic<int> good{0};
    std::vector<std::thread> readers;
    readers.reserve(4);
    for (int t = 0; t < 4; ++t) {
      readers.emplace_back([&] {
        for (int round = 0; round < 20; ++round) {
          for (int i = 0; i < 50; ++i) {
            const auto text = tree->read(*TreePath::parse("d" + std::to_string(i % 5) + "/f" + std::to_string(i)));
            if (text.ok() && *text == std::to_string(i)) ++good;
          }
        }
      });
    }
    for (int i = 0; i < 5; ++i) {
      f.repository.commit("main", {{"new", std::to_string(i)}});
      f.tree();
      f.mirror->trim();
    }
    f.mirror.reset();
    for (auto& reader : readers) reader.join();
    CHECK(good == 4 * 20 * 50);
  }
}
