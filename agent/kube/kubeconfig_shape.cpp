#include "agent/kube/kubeconfig_shape.hpp"

#include <algorithm>

namespace gitopsctl::agent::detail {
namespace {

using namespace shape;

/// Empty texts stand for "not set", as kubectl writes and reads them.
ConfigField text_field(std::string name) { return optional(std::move(name), text("", false)); }
ConfigField switch_field(std::string name) { return optional(std::move(name), boolean("")); }

ConfigField texts_field(std::string name) { return optional(std::move(name), list("", text("", false))); }

ConfigShape cluster_shape() {
  return object("", {
                        text_field("server"),
                        text_field("certificate-authority"),
                        text_field("certificate-authority-data"),
                        switch_field("insecure-skip-tls-verify"),
                        text_field("tls-server-name"),
                        text_field("proxy-url"),
                        switch_field("disable-compression"),
                        optional("extensions", list("", object("",
                                                               {
                                                                   required("name", text("")),
                                                                   optional("extension", any("")),
                                                               }))),
                    });
}

ConfigShape exec_shape() {
  return object("", {
                        text_field("apiVersion"),
                        text_field("command"),
                        texts_field("args"),
                        optional("env", list("", object("",
                                                        {
                                                            required("name", text("The name of the variable.")),
                                                            optional("value", text("", false)),
                                                        }))),
                        text_field("installHint"),
                        switch_field("provideClusterInfo"),
                        text_field("interactiveMode"),
                    });
}

ConfigShape user_shape() {
  return object("", {
                        text_field("token"),
                        text_field("tokenFile"),
                        text_field("client-certificate"),
                        text_field("client-certificate-data"),
                        text_field("client-key"),
                        text_field("client-key-data"),
                        text_field("username"),
                        text_field("password"),
                        optional("exec", exec_shape()),
                        optional("auth-provider", any("")),
                        text_field("as"),
                        text_field("as-uid"),
                        texts_field("as-groups"),
                        optional("as-user-extra", map("", list("", text("", false)))),
                    });
}

ConfigShape context_shape() { return object("", {text_field("cluster"), text_field("user"), text_field("namespace")}); }

ConfigField named(std::string list_name, std::string item_name, ConfigShape item) {
  return optional(std::move(list_name), list("", object("", {
                                                                required("name", text("Contexts refer to it by this name.")),
                                                                optional(std::move(item_name), std::move(item)),
                                                            })));
}

}  // namespace

const ConfigShape& kubeconfig_shape() {
  static const ConfigShape whole = object("", {
                                                  optional("apiVersion", choice("", {"v1"})),
                                                  optional("kind", choice("", {"Config"})),
                                                  text_field("current-context"),
                                                  named("clusters", "cluster", cluster_shape()),
                                                  named("users", "user", user_shape()),
                                                  named("contexts", "context", context_shape()),
                                              });
  return whole;
}

Value known_part(const Value& value, const ConfigShape& shape) {
  if (shape.kind == ConfigShape::Kind::object && value.is_map()) {
    Value out = Value::map();
    for (const auto& member : value.as_map()) {
      const auto field =
          std::ranges::find(shape.fields, member.key.view(), [](const auto& f) -> std::string_view { return f.name; });
      if (field != shape.fields.end()) out.set(member.key, known_part(member.value, field->shape));
    }
    return out;
  }
  if (shape.kind == ConfigShape::Kind::list && value.is_list()) {
    Value out = Value::list();
    for (const auto& item : value.as_list()) out.push_back(known_part(item, shape.items.front()));
    return out;
  }
  return value;
}

YamlOptions kubeconfig_yaml(std::uint64_t max_bytes) {
  YamlOptions yaml;
  yaml.max_bytes = max_bytes;
  yaml.max_depth = 100;
  yaml.max_alias_nodes = 10'000;
  yaml.max_nodes = 1'000'000;
  yaml.quote_content = false;
  return yaml;
}

}  // namespace gitopsctl::agent::detail
