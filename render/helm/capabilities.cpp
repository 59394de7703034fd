#include "render/helm/capabilities.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text/go_format.hpp"

namespace gitopsctl::render::helm {

namespace {

// The group versions that the client library of Kubernetes 1.37 knows, in the order in which helm 4.3.1 has them in every
// run: that of the library's registration.
constexpr std::array<std::string_view, 57> known_versions = {
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "lifecycle.k8s.io/v1alpha1",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
};

// A Go struct whose fields are what `to_plain` shows, printed like `{a b}`.
class StructObject : public ValueObject {
 public:
  struct Field {
    std::string_view name;
    std::string_view json_name;
    Value value;
    bool omit_empty = false;
  };
  StructObject(std::string_view type, std::vector<Field> fields) : type_(type), fields_(std::move(fields)) {}

  std::string_view go_type() const override { return type_; }
  std::string_view go_kind() const override { return "struct"; }
  std::string print() const override { return format(); }
  std::string format() const override {
    std::string out = "{";
    for (const auto& field : fields_) {
      if (out.size() > 1) out += ' ';
      out += go_format(field.value);
    }
    return out + '}';
  }
  bool field(std::string_view name, Value& out) const override {
    for (const auto& one : fields_) {
      if (one.name != name) continue;
      out = one.value;
      return true;
    }
    return false;
  }
  Value to_plain() const override {
    Value out = Value::map();
    for (const auto& one : fields_) {
      if (one.json_name.empty() || (one.omit_empty && !go_truth(one.value))) continue;
      out.set(one.json_name, one.value.is_object() ? one.value.as_object()->to_plain() : one.value);
    }
    return out;
  }

 private:
  std::string_view type_;
  std::vector<Field> fields_;
};

// A struct with the methods of Helm's KubeVersion; `{{ x }}` uses String, functions see the struct.
class KubeVersionObject final : public StructObject {
 public:
  explicit KubeVersionObject(const KubeVersion& version)
      : StructObject("common.KubeVersion", {{"Version", "Version", Value::string(version.version)},
                                            {"", "", Value::string(version.normalized)},
                                            {"Major", "Major", Value::string(version.major)},
                                            {"Minor", "Minor", Value::string(version.minor)}}),
        version_(version) {}

  std::string print() const override { return version_.normalized; }
  bool field(std::string_view name, Value& out) const override {
    if (name == "String") {
      out = Value::string(version_.normalized);
    } else if (name == "GitVersion") {
      out = Value::string(version_.version);
    } else {
      return !name.empty() && StructObject::field(name, out);
    }
    return true;
  }

 private:
  KubeVersion version_;
};

class VersionSetObject final : public ValueObject {
 public:
  explicit VersionSetObject(std::vector<std::string> versions) : versions_(std::move(versions)) {
    Value::List items;
    for (const auto& version : versions_) items.push_back(Value::string(version));
    plain_ = Value::list(std::move(items), ListType::string);
    std::sort(versions_.begin(), versions_.end());
  }

  std::string_view go_type() const override { return "common.VersionSet"; }
  std::string_view go_kind() const override { return "slice"; }
  std::string print() const override { return go_format(plain_); }
  bool field(std::string_view /*name*/, Value& /*out*/) const override { return false; }
  bool call(std::string_view name, const std::vector<Value>& arguments, Value& out, std::string& error) const override {
    if (name != "Has") return false;
    if (arguments.size() != 1) {
      error = "wrong number of args for Has: want 1 got " + std::to_string(arguments.size());
    } else if (!arguments[0].is_string()) {
      error = "wrong type for value; expected string; got " + std::string(go_type_name(arguments[0]));
    } else {
      out = Value::boolean(std::binary_search(versions_.begin(), versions_.end(), arguments[0].as_string()));
    }
    return true;
  }
  Value to_plain() const override { return plain_; }
  bool truth() const override { return !versions_.empty(); }

 private:
  std::vector<std::string> versions_;
  Value plain_;
};

class CapabilitiesObject final : public StructObject {
 public:
  explicit CapabilitiesObject(std::vector<Field> fields) : StructObject("*common.Capabilities", std::move(fields)) {}
  std::string_view go_kind() const override { return "ptr"; }
};

Value helm_version(const HelmProfile& profile) {
  return Value::object(new StructObject(
      "version.BuildInfo", {
                               {"Version", "version", Value::string(profile.helm_version), true},
                               {"GitCommit", "git_commit", Value::string(""), true},
                               {"GitTreeState", "git_tree_state", Value::string(""), true},
                               {"GoVersion", "go_version", Value::string(profile.go_version), true},
                               {"KubeClientVersion", "kube_client_version", Value::string(profile.kube_client_version)},
                           }));
}

}  // namespace

Result<KubeVersion> parse_kube_version(const std::string& text) {
  const auto wrong = [&](const std::string& why) {
    return Error(ErrorCode::invalid_input, "invalid kube version '" + text + "': " + why);
  };
  std::string_view rest = text;
  while (!rest.empty() && (rest.front() == ' ' || (rest.front() >= '\t' && rest.front() <= '\r'))) rest.remove_prefix(1);
  if (rest.starts_with('v')) rest.remove_prefix(1);
  std::vector<std::uint64_t> numbers;
  while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc{}) return wrong("illegal non-numeric version component in " + go_quote(text));
    if (numbers.empty() && rest.front() == '0' && end - rest.data() > 1) {
      return wrong("illegal zero-prefixed version component " +
                   go_quote(rest.substr(0, static_cast<std::size_t>(end - rest.data()))) + " in " + go_quote(text));
    }
    numbers.push_back(number);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.size() < 2 || rest[0] != '.' || rest[1] < '0' || rest[1] > '9') break;
    rest.remove_prefix(1);
  }
  if (numbers.empty()) return wrong("could not parse " + go_quote(text) + " as version");
  if (numbers.size() < 2) return wrong("illegal version string " + go_quote(text));
  KubeVersion out;
  out.version = text.starts_with('v') ? text : 'v' + text;
  out.normalized = 'v';
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) out.normalized += '.';
    out.normalized += std::to_string(numbers[i]);
  }
  out.major = std::to_string(numbers[0]);
  out.minor = std::to_string(numbers[1]);
  return out;
}

Result<KubeVersion> kube_version(const HelmProfile& profile, const Capabilities& capabilities) {
  if (!capabilities.kube_version.empty()) return parse_kube_version(capabilities.kube_version);
  return parse_kube_version("v1." + std::to_string(profile.kube_minor) + ".0");
}

Value capabilities_object(const HelmProfile& profile, const KubeVersion& version, const Capabilities& capabilities) {
  std::vector<std::string> versions(known_versions.begin(), known_versions.end());
  versions.insert(versions.end(), capabilities.api_versions.begin(), capabilities.api_versions.end());
  return Value::object(new CapabilitiesObject({
      {"KubeVersion", "KubeVersion", Value::object(new KubeVersionObject(version))},
      {"APIVersions", "APIVersions", Value::object(new VersionSetObject(std::move(versions)))},
      {"HelmVersion", "HelmVersion", helm_version(profile)},
  }));
}

}  // namespace gitopsctl::render::helm
