#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/files/file_tree.hpp"

using namespace gitopsctl;

namespace {

TreePath path(std::string_view text) {
  auto parsed = TreePath::parse(text);
  REQUIRE_MESSAGE(parsed.ok(), text);
  return *parsed;
}

std::shared_ptr<MemoryTree> sample() {
  auto tree = std::make_shared<MemoryTree>();
  tree->add(path("charts/web/Chart.yaml"), "name: web\n");
  tree->add(path("charts/web/templates/a.yaml"), "a\n");
  tree->add(path("values/prod.yaml"), "x: 1\n");
  tree->add_link(path("charts/web/values.yaml"), "../../values/prod.yaml");
  tree->add_link(path("charts/web/out"), "../../../etc/passwd");
  tree->add_link(path("charts/web/abs"), "/etc/passwd");
  tree->add_link(path("charts/loop"), "loop");
  tree->add_link(path("charts/self"), ".");
  tree->add_link(path("current"), "charts/web");
  return tree;
}

struct ScratchDirectory {
  std::filesystem::path at;
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gitopsctl-files-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    at = pattern;
  }
  ~ScratchDirectory() { std::filesystem::remove_all(at); }
};

std::string tar_entry(std::string name, std::string_view content, char type = '0', std::string_view link = {}) {
  std::string block(512, '\0');
  name.resize(std::min<std::size_t>(name.size(), 100));
  block.replace(0, name.size(), name);
  block.replace(100, 7, "0000644");
  char size[12];
  std::snprintf(size, sizeof size, "%011zo", content.size());
  block.replace(124, 11, size);
  block[156] = type;
  block.replace(157, link.size(), link);
  block.replace(257, 6, std::string("ustar\0", 6));
  block.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  block.replace(148, 7, std::string(text, 7));
  std::string out = block + std::string(content);
  out.resize((out.size() + 511) / 512 * 512, '\0');
  return out;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

TEST_SUITE("files") {
  TEST_CASE("tree paths are normalised and cannot leave their root") {
    CHECK(path("./a//b/../c/").str() == "a/c");
    CHECK(path("").is_root());
    CHECK(path("a/..").is_root());
    for (const std::string_view bad : {"../x", "a/../../x", "/etc/passwd", "a\nb", "..", "a/../.."}) {
      const auto parsed = TreePath::parse(bad);
      REQUIRE_FALSE(parsed.ok());
      CHECK(parsed.error().code() == ErrorCode::forbidden);
    }
    CHECK(TreePath::parse(std::string("a\0b", 3)).ok() == false);
    CHECK(TreePath::parse(std::string(5000, 'a')).error().code() == ErrorCode::too_large);
    CHECK(path("charts/web").resolve("../../values/x.yaml")->str() == "values/x.yaml");
    CHECK_FALSE(path("charts/web").resolve("../../../x").ok());
    CHECK(path("charts").contains(path("charts/web")));
    CHECK_FALSE(path("charts").contains(path("charts2")));
    CHECK(path("charts").relative(path("charts/web/x")) == "web/x");
    CHECK(path("charts/web/x").behind_first().str() == "web/x");
    CHECK(path("charts").behind_first().is_root());
  }

  TEST_CASE("links are followed inside the tree and nowhere else") {
    const auto tree = sample();
    CHECK(*tree->read(path("charts/web/values.yaml")) == "x: 1\n");
    CHECK(*tree->read(path("current/templates/a.yaml")) == "a\n");
    CHECK(*tree->read(path("charts/self/self/web/Chart.yaml")) == "name: web\n");
    CHECK(tree->read(path("charts/web/out")).error().code() == ErrorCode::forbidden);
    CHECK(tree->read(path("charts/web/abs")).error().code() == ErrorCode::forbidden);
    CHECK(tree->read(path("charts/loop")).error().code() == ErrorCode::invalid_input);
    CHECK(tree->read(path("nothing")).error().code() == ErrorCode::not_found);
    CHECK(tree->read(path("charts")).error().code() == ErrorCode::invalid_input);
    CHECK(tree->real_path(path("current/templates"))->str() == "charts/web/templates");
  }

  TEST_CASE("content ids see through links and end in rings") {
    const auto tree = sample();
    const auto before = content_id(*tree, path("charts/web"));
    CHECK(before == content_id(*tree, path("current")));
    auto changed = sample();
    changed->add(path("values/prod.yaml"), "x: 2\n");
    CHECK(before != content_id(*changed, path("charts/web")));
    CHECK_FALSE(content_id(*tree, path("charts")).empty());
    CHECK(content_id(*tree, path("nothing")).empty());
  }

  TEST_CASE("an identity that cannot be told equals no other, and is not looked for without end") {
    // Deeper than charts are read: a difference down there must not look like none.
    MemoryTree deep;
    std::string name;
    for (int i = 0; i < 600; ++i) name += "d/";
    deep.add(path(name + "f"), "1");
    deep.add(path("x/f"), "1");
    CHECK(content_id(deep, path("d")) != content_id(deep, path("d")));
    CHECK_FALSE(unchanged(deep, {{path("d"), content_id(deep, path("d"))}}));
    CHECK(content_id(deep, path("x")) == content_id(deep, path("x")));

    std::uint64_t budget = 2;
    CHECK(content_id(*sample(), path("charts/web/templates"), budget) ==
          content_id(*sample(), path("charts/web/templates")));
    CHECK(budget == 1);
    CHECK(content_id(*sample(), path("charts"), budget).starts_with("unknown:"));
    // What is wrong with the content itself stays the same as long as the content does.
    CHECK(content_id(*sample(), path("charts/web/abs")) == content_id(*sample(), path("charts/web/abs")));
    CHECK(content_id(*sample(), path("charts/web/abs")).starts_with("error:"));
  }

  TEST_CASE("a recorder notes just what a computation depends on") {
    const auto tree = sample();
    RecordingTree recorder(tree);
    CHECK(recorder.list(path("charts/web")).ok());
    CHECK(recorder.read(path("charts/web/values.yaml")).ok());
    CHECK_FALSE(recorder.read(path("values/absent.yaml")).ok());
    const auto dependencies = recorder.dependencies();
    CHECK(unchanged(*tree, dependencies));

    auto unrelated = sample();
    unrelated->add(path("README.md"), "hello");
    CHECK(unchanged(*unrelated, dependencies));
    auto behind_link = sample();
    behind_link->add(path("values/prod.yaml"), "x: 2\n");
    CHECK_FALSE(unchanged(*behind_link, dependencies));
    auto appeared = sample();
    appeared->add(path("values/absent.yaml"), "");
    CHECK_FALSE(unchanged(*appeared, dependencies));
    auto below = sample();
    below->add(path("charts/web/templates/b.yaml"), "b\n");
    CHECK_FALSE(unchanged(*below, dependencies));
  }

  TEST_CASE("trees stand side by side in one") {
    const auto both = mount_trees({{"b", sub_tree(sample(), path("charts/web"))}, {"a", sample()}});
    const auto names = both->list(TreePath());
    REQUIRE(names.ok());
    REQUIRE(names->size() == 2);
    CHECK((*names)[0].name == "a");
    CHECK((*names)[1].type == FileType::directory);
    CHECK(both->stat(path("b"))->type == FileType::directory);
    const auto below = both->list(path("b"));
    const auto alone = sample()->list(path("charts/web"));
    REQUIRE(below.ok());
    REQUIRE(alone.ok());
    REQUIRE(below->size() == alone->size());
    for (std::size_t i = 0; i < alone->size(); ++i) {
      CHECK((*below)[i].name == (*alone)[i].name);
      if ((*alone)[i].type != FileType::file) continue;
      const auto name = path("charts/web").child((*alone)[i].name);
      CHECK(both->read(path("b").child((*alone)[i].name)).value_or("no") == sample()->read(name).value_or("none"));
      // Named as the tree itself names it.
      CHECK(both->display(path("b").child((*alone)[i].name)) == name.str());
    }
    CHECK(both->read(path("c/x")).error().code() == ErrorCode::not_found);
    CHECK(both->stat(path("c")).error().code() == ErrorCode::not_found);
    CHECK_FALSE(both->exists(path("b/nothing")));
  }

  TEST_CASE("a part of a tree keeps its links inside") {
    const auto part = sub_tree(sample(), path("charts/web"));
    CHECK(*part->read(path("templates/a.yaml")) == "a\n");
    CHECK(part->read(path("values.yaml")).error().code() == ErrorCode::forbidden);
    CHECK(part->display(path("Chart.yaml")) == "charts/web/Chart.yaml");
  }

  TEST_CASE("a disk tree never leaves its directory") {
    const ScratchDirectory scratch;
    namespace fs = std::filesystem;
    fs::create_directories(scratch.at / "root/dir");
    std::ofstream(scratch.at / "root/dir/file") << "inside";
    std::ofstream(scratch.at / "secret") << "outside";
    fs::create_symlink("../secret", scratch.at / "root/climb");
    fs::create_symlink(scratch.at / "secret", scratch.at / "root/absolute");
    fs::create_symlink("dir", scratch.at / "root/alias");
    REQUIRE(::mkfifo((scratch.at / "root/pipe").c_str(), 0600) == 0);
    const auto tree = open_disk_tree((scratch.at / "root").string());
    REQUIRE(tree.ok());
    CHECK(*(*tree)->read(path("alias/file")) == "inside");
    CHECK((*tree)->read(path("climb")).error().code() == ErrorCode::forbidden);
    CHECK((*tree)->read(path("absolute")).error().code() == ErrorCode::forbidden);
    CHECK((*tree)->read(path("pipe")).error().code() == ErrorCode::invalid_input);
    CHECK((*tree)->read(path("dir/file"), 3).error().code() == ErrorCode::too_large);
    CHECK(*(*tree)->read(path("dir/file"), 6) == "inside");
    CHECK((*tree)->read(path("dir")).error().code() == ErrorCode::invalid_input);
    CHECK((*tree)->read(path("dir/none")).error().code() == ErrorCode::not_found);
    const auto beside = mount_trees({{"disk", *tree}});
    CHECK(*beside->read(path("disk/alias/file")) == "inside");
    CHECK(beside->read(path("disk/climb")).error().code() == ErrorCode::not_found);
    CHECK(beside->read(path("disk/absolute")).error().code() == ErrorCode::forbidden);
    CHECK(beside->read(path("disk")).error().code() == ErrorCode::invalid_input);
    const auto names = (*tree)->list(TreePath());
    REQUIRE(names.ok());
    CHECK(names->size() == 5);
    CHECK(names->at(3).type == FileType::directory);
    CHECK(names->at(4).type == FileType::other);
    CHECK(names->front().name == "absolute");
    CHECK(open_disk_tree((scratch.at / "none").string()).error().code() == ErrorCode::not_found);
  }

  TEST_CASE("archives are read within their limits and refuse to climb") {
    const std::string good = gzip(tar_entry("web/", "", '5') + tar_entry("web/Chart.yaml", "name: web\n") +
                                  tar_entry("web/link", "", '2', "Chart.yaml") +
                                  tar_entry("web/hard", "", '1', "web/Chart.yaml") + std::string(1024, '\0'));
    const auto tree = open_tgz(good, "web.tgz");
    REQUIRE(tree.ok());
    CHECK(*(*tree)->read(path("web/link")) == "name: web\n");
    CHECK(*(*tree)->read(path("web/hard")) == "name: web\n");

    CHECK(open_tgz(gzip(tar_entry("../x", "x")), "a").error().code() == ErrorCode::forbidden);
    // A link without a name stood in the place of the whole tree.
    for (const char type : {'0', '1', '2'}) {
      CHECK(open_tgz(gzip(tar_entry("c/f", "x") + tar_entry("", "", type, "c/f")), "a").error().code() ==
            ErrorCode::invalid_input);
    }
    CHECK(open_tgz(gzip(tar_entry("a/../../x", "x")), "a").error().code() == ErrorCode::forbidden);
    CHECK(open_tgz(gzip(tar_entry("/etc/x", "x")), "a").error().code() == ErrorCode::forbidden);
    CHECK(open_tgz(gzip(tar_entry("c:/x", "x")), "a").error().code() == ErrorCode::forbidden);
    CHECK(open_tgz(gzip(tar_entry("dev", "", '3')), "a").error().code() == ErrorCode::invalid_input);
    CHECK(open_tgz("no archive", "a").error().code() == ErrorCode::invalid_input);
    CHECK(open_tgz(std::string_view(good).substr(0, good.size() / 2), "a").error().code() == ErrorCode::invalid_input);
    CHECK(open_tgz(gzip(std::string(1U << 20U, 'x')), "bomb", {1000, 10}).error().code() == ErrorCode::too_large);
    std::string many;
    for (int i = 0; i < 20; ++i) many += tar_entry("f" + std::to_string(i), "");
    CHECK(open_tgz(gzip(many), "many", {1U << 20U, 10}).error().code() == ErrorCode::too_large);
    // Names that imply directories without end: few bytes, much memory.
    std::string deep;
    for (int i = 0; i < 2000; ++i) deep += "a/";
    const std::string pax = "path=" + deep + "f\n";
    const std::string record = std::to_string(pax.size() + 5) + ' ' + pax;
    CHECK(open_tgz(gzip(tar_entry("h", record, 'x') + tar_entry("short", "")), "deep").error().code() ==
          ErrorCode::too_large);
    std::string wide;
    for (int i = 0; i < 200; ++i) wide += tar_entry("d" + std::to_string(i) + "/a/b/c/d/e/f/g/h/i", "");
    CHECK(open_tgz(gzip(wide), "wide", {1U << 20U, 1000, 2000}).ok());
    CHECK(open_tgz(gzip(wide), "wide", {1U << 20U, 1000, 1999}).error().code() == ErrorCode::too_large);
    CHECK(open_tgz(gzip(wide), "wide", {1U << 20U, 1000, 2000, 9}).error().code() == ErrorCode::too_large);
    std::string damaged = tar_entry("x", "x");
    damaged[0] = 'y';
    CHECK(open_tgz(gzip(damaged), "a").error().code() == ErrorCode::invalid_input);
  }
}
