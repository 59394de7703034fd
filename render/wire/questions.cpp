#include "render/wire/questions.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "render/functions/time_zone.hpp"
#include "render/helm/random_bytes.hpp"
#include "render/wire/codec.hpp"
#include "render/wire/messages.hpp"

namespace gitopsctl::render::wire {

namespace {

enum class Question : std::uint8_t { stat, read, list, read_link, look, display, random, zone, lookup };

// No function asks for more (random_functions.cpp).
constexpr std::uint64_t max_random_at_once = 1UL << 20U;

void write(Writer& out, const FileInfo& info) {
  const auto& [name, type, size, executable, content_id] = info;
  out.text(name);
  out.byte(static_cast<std::uint8_t>(type));
  out.number(size);
  out.boolean(executable);
  out.text(content_id);
}

FileInfo read_info(Reader& in) {
  FileInfo info;
  info.name = in.text();
  info.type = static_cast<FileType>(in.number_up_to(static_cast<std::uint64_t>(FileType::other)));
  info.size = in.number();
  info.executable = in.boolean();
  info.content_id = in.text();
  return info;
}

class RemoteTree final : public FileTree {
 public:
  explicit RemoteTree(Ask ask) : ask_(std::move(ask)) {}

  std::string display(const TreePath& path) const override {
    const auto text = ask(Question::display, path, 0, [](Reader& in) { return std::string(in.text()); });
    return text.ok() ? *text : path.str();
  }

 protected:
  Result<FileInfo> do_stat(const TreePath& path) const override { return ask(Question::stat, path, 0, read_info); }
  Result<std::string> do_read(const TreePath& path, std::uint64_t max_bytes) const override {
    return ask(Question::read, path, max_bytes, [](Reader& in) { return std::string(in.text()); });
  }
  Result<std::vector<FileInfo>> do_list(const TreePath& path) const override {
    return ask(Question::list, path, 0, [](Reader& in) {
      std::vector<FileInfo> out;
      for (auto left = in.count(5); left > 0 && in.ok(); --left) out.push_back(read_info(in));
      return out;
    });
  }
  Result<std::string> do_read_link(const TreePath& path) const override {
    return ask(Question::read_link, path, 0, [](Reader& in) { return std::string(in.text()); });
  }
  std::optional<FileInfo> do_look(const TreePath& path) const override {
    auto info = ask(Question::look, path, 0, read_info);
    return info.ok() ? std::optional<FileInfo>(std::move(*info)) : std::nullopt;
  }

 private:
  template <class Read>
  auto ask(Question kind, const TreePath& path, std::uint64_t number, const Read& read) const
      -> Result<decltype(read(std::declval<Reader&>()))> {
    Writer out;
    out.byte(static_cast<std::uint8_t>(kind));
    out.text(path.str());
    out.number(number);
    GITOPSCTL_TRY(const auto answer, ask_(out.take()));
    Reader in(answer);
    if (!in.boolean()) return read_error(in);
    auto value = read(in);
    if (!in.done()) return not_ours();
    return value;
  }

  Ask ask_;
};

/// The answers of a tree without link resolution, which happens on the side that asks.
struct RawTree : FileTree {
  using FileTree::raw_list;
  using FileTree::raw_look;
  using FileTree::raw_read;
  using FileTree::raw_read_link;
  using FileTree::raw_stat;
};

Result<TreePath> plain_path(std::string_view text) {
  TreePath out;
  if (text.size() > 1UL << 16U) return Error(ErrorCode::too_large, "a path of more than 64 KiB");
  while (!text.empty()) {
    const auto slash = text.find('/');
    const auto name = text.substr(0, slash);
    if (name.empty() || name == "." || name == ".." || name.find('\0') != std::string_view::npos) {
      return Error(ErrorCode::forbidden, "a path that is no plain one");
    }
    out = out.child(name);
    text = slash == std::string_view::npos ? std::string_view{} : text.substr(slash + 1);
  }
  return out;
}

std::string refuse(const Error& error) {
  Writer out;
  out.boolean(false);
  write(out, error);
  return out.take();
}

template <class T, class Write>
std::string reply(const Result<T>& value, const Write& write_value) {
  if (!value.ok()) return refuse(value.error());
  Writer out;
  out.boolean(true);
  write_value(out, *value);
  return out.take();
}

void write_text(Writer& out, const std::string& text) { out.text(text); }

}  // namespace

FileTreePtr remote_tree(Ask ask) { return std::make_shared<RemoteTree>(std::move(ask)); }

RandomBytes remote_random(Ask ask) {
  return [ask = std::move(ask)](std::string_view site, std::uint64_t call, std::size_t count) {
    Writer out;
    out.byte(static_cast<std::uint8_t>(Question::random));
    out.text(site);
    out.number(call);
    out.number(count);
    const auto answer = ask(out.take());
    Reader in(answer.ok() ? *answer : std::string_view());
    const bool given = in.boolean();
    std::string bytes(in.text());
    // Anything but the right bytes would be a password that is none.
    if (!given || !in.done() || bytes.size() != count) throw std::runtime_error("no random bytes to be had");
    return bytes;
  };
}

Lookup remote_lookup(Ask ask) {
  return [ask = std::move(ask)](const LookupQuestion& question) -> Result<Value> {
    Writer out;
    out.byte(static_cast<std::uint8_t>(Question::lookup));
    for (const auto* part : {&question.api_version, &question.kind, &question.namespace_, &question.name}) out.text(*part);
    GITOPSCTL_TRY(const auto answer, ask(out.take()));
    Reader in(answer);
    if (!in.boolean()) return read_error(in);
    auto found = read_value(in);
    if (!in.done()) return not_ours();
    return found;
  };
}

void use_remote_zones(const Ask& ask) {
  set_zone_reader([ask](std::string_view name) {
    Writer out;
    out.byte(static_cast<std::uint8_t>(Question::zone));
    out.text(name);
    const auto answer = ask(out.take());
    Reader in(answer.ok() ? *answer : std::string_view());
    return in.boolean() ? std::string(in.text()) : std::string();
  });
}

std::string Answers::to(std::string_view question) {
  Reader in(question);
  const auto kind = static_cast<Question>(in.number_up_to(static_cast<std::uint64_t>(Question::lookup)));
  const auto text = in.text();
  if (!in.ok()) return refuse(not_ours());
  if (kind == Question::zone) {
    return reply(in.done() ? Result<std::string>(read_zone_file(text)) : not_ours(), write_text);
  }
  if (kind == Question::lookup) {
    LookupQuestion asked{std::string(text), std::string(in.text()), std::string(in.text()), std::string(in.text())};
    if (!in.done() || !inputs_.lookup) return refuse(not_ours());
    return reply(inputs_.lookup(asked), [](Writer& out, const Value& found) { write(out, found); });
  }
  const auto number = in.number();
  if (kind == Question::random) {
    const auto count = in.number_up_to(std::min(max_random_at_once, random_left_));
    if (!in.done() || inputs_.installation_key.empty()) return refuse(not_ours());
    random_left_ -= count;
    return reply(Result<std::string>(helm::keyed_random_bytes(inputs_, text, number, count)), write_text);
  }
  if (!in.done() || inputs_.tree == nullptr) return refuse(not_ours());
  const auto path = plain_path(text);
  if (!path.ok()) return refuse(path.error());
  const FileTree& tree = *inputs_.tree;
  switch (kind) {
    case Question::stat: return reply(RawTree::raw_stat(tree, *path), [](auto& out, const auto& info) { write(out, info); });
    case Question::read:
      return reply(RawTree::raw_read(tree, *path, std::min(number, FileTree::default_max_bytes)), write_text);
    case Question::list:
      return reply(RawTree::raw_list(tree, *path), [](auto& out, const auto& infos) {
        out.number(infos.size());
        for (const auto& info : infos) write(out, info);
      });
    case Question::read_link: return reply(RawTree::raw_read_link(tree, *path), write_text);
    case Question::look: {
      auto info = RawTree::raw_look(tree, *path);
      if (!info) return refuse({ErrorCode::not_found, "nothing there"});
      return reply(Result<FileInfo>(std::move(*info)), [](auto& out, const auto& found) { write(out, found); });
    }
    case Question::display: return reply(Result<std::string>(tree.display(*path)), write_text);
    case Question::random:
    case Question::zone:
    case Question::lookup: break;
  }
  return refuse(not_ours());
}

}  // namespace gitopsctl::render::wire
