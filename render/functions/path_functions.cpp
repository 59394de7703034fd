#include <string>
#include <vector>

#include "base/text/go_format.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/functions.hpp"
#include "render/functions/go_url.hpp"
#include "render/template/evaluator.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

/// path.Clean: the shortest path of the same meaning; never empty.
std::string clean_path(std::string_view path) {
  const bool rooted = path.starts_with('/');
  std::vector<std::string_view> parts;
  std::size_t climbs = 0;  // leading `..` that nothing can take back
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.size() > climbs) {
      parts.pop_back();
    } else if (!rooted) {
      parts.push_back(part);
      ++climbs;
    }
  }
  std::string out = rooted ? "/" : "";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += '/';
    out += parts[i];
  }
  return out.empty() ? "." : out;
}

Result<Value> clean(CallContext& /*context*/, Arguments arguments) {
  return Value::string(clean_path(arguments[0].as_string()));
}

Result<Value> base(CallContext& /*context*/, Arguments arguments) {
  auto path = arguments[0].as_string();
  if (path.empty()) return Value::string(".");
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return Value::string("/");
  const auto slash = path.rfind('/');
  return Value::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

Result<Value> dir(CallContext& /*context*/, Arguments arguments) {
  const auto path = arguments[0].as_string();
  const auto slash = path.rfind('/');
  return Value::string(clean_path(slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash + 1)));
}

Result<Value> ext(CallContext& /*context*/, Arguments arguments) {
  const auto path = arguments[0].as_string();
  const auto at = path.find_last_of("./");
  return Value::string(at == std::string_view::npos || path[at] == '/' ? std::string_view{} : path.substr(at));
}

Result<Value> is_abs(CallContext& /*context*/, Arguments arguments) {
  return Value::boolean(arguments[0].as_string().starts_with('/'));
}

Result<Value> url_parse(CallContext& context, Arguments arguments) {
  const auto url = GoUrl::parse(arguments[0].as_string(), context.evaluator.options().go);
  if (!url.ok()) return failure("unable to parse url: " + url.error().message());
  return make_map({
      {"scheme", Value::string(url->scheme)},
      {"host", Value::string(url->host)},
      {"hostname", Value::string(url->hostname())},
      {"path", Value::string(url->path)},
      {"query", Value::string(url->query)},
      {"opaque", Value::string(url->opaque)},
      {"fragment", Value::string(url->fragment)},
      {"userinfo", Value::string(url->userinfo())},
  });
}

Result<std::string> url_member(const Value& parts, std::string_view key) {
  const Value* found = parts.find(key);
  if (found == nullptr) return std::string();
  if (found->is_string()) return std::string(found->as_string());
  if (found->is_nothing()) return failure("runtime error: invalid memory address or nil pointer dereference");
  return failure("unable to parse " + std::string(key) + " key, must be of type string, but " +
                 std::string(go_kind_name(*found)) + " found");
}

Result<Value> url_join(CallContext& /*context*/, Arguments arguments) {
  GoUrl url;
  GITOPSCTL_TRY(url.scheme, url_member(arguments[0], "scheme"));
  GITOPSCTL_TRY(url.host, url_member(arguments[0], "host"));
  GITOPSCTL_TRY(url.path, url_member(arguments[0], "path"));
  GITOPSCTL_TRY(url.query, url_member(arguments[0], "query"));
  GITOPSCTL_TRY(url.opaque, url_member(arguments[0], "opaque"));
  GITOPSCTL_TRY(url.fragment, url_member(arguments[0], "fragment"));
  GITOPSCTL_TRY(const auto userinfo, url_member(arguments[0], "userinfo"));
  if (!userinfo.empty()) {
    auto with_user = GoUrl::parse("proto://" + userinfo + "@host");
    if (!with_user.ok()) return failure("unable to parse userinfo in dict: " + with_user.error().message());
    url.user = std::move(with_user->user);
  }
  return Value::string(url.to_string());
}

constexpr Function table[] = {
    {"base", base, params<string>},
    {"dir", dir, params<string>},
    {"clean", clean, params<string>},
    {"ext", ext, params<string>},
    {"isAbs", is_abs, params<string>},
    // Upstream's twins follow the system's separator; charts are rendered as on Linux.
    {"osBase", base, params<string>},
    {"osDir", dir, params<string>},
    {"osClean", clean, params<string>},
    {"osExt", ext, params<string>},
    {"osIsAbs", is_abs, params<string>},
    {"urlParse", url_parse, params<string>, false, false},
    {"urlJoin", url_join, params<map>, false, false},
};

}  // namespace

std::span<const Function> path_functions() { return table; }

}  // namespace gitopsctl::render
