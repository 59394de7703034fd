#include "render/helm/capabilities.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text/go_format.hpp"
#include "render/helm/struct_object.hpp"

namespace gitopsctl::render::helm {

namespace {

/// A group version of the client library of Kubernetes, and the minor versions that have it.
struct KnownVersion {
  std::string_view name;
  int first_minor = 0;
  int last_minor = 1000;
};

// In the order in which helm has them in every run: that of the library's registration.
constexpr std::array<KnownVersion, 62> known = {{
    {"v1"},
    {"admissionregistration.k8s.io/v1"},
    {"admissionregistration.k8s.io/v1alpha1"},
    {"admissionregistration.k8s.io/v1beta1"},
    {"internal.apiserver.k8s.io/v1alpha1"},
    {"apps/v1"},
    {"apps/v1beta1"},
    {"apps/v1beta2"},
    {"authentication.k8s.io/v1"},
    {"authentication.k8s.io/v1alpha1"},
    {"authentication.k8s.io/v1beta1"},
    {"authorization.k8s.io/v1"},
    {"authorization.k8s.io/v1beta1"},
    {"autoscaling/v1"},
    {"autoscaling/v2"},
    {"autoscaling/v2beta1", 0, 35},
    {"autoscaling/v2beta2", 0, 35},
    {"batch/v1"},
    {"batch/v1beta1"},
    {"certificates.k8s.io/v1"},
    {"certificates.k8s.io/v1beta1"},
    {"certificates.k8s.io/v1alpha1"},
    {"coordination.k8s.io/v1alpha2"},
    {"coordination.k8s.io/v1beta1"},
    {"coordination.k8s.io/v1"},
    {"discovery.k8s.io/v1"},
    {"discovery.k8s.io/v1beta1"},
    {"events.k8s.io/v1"},
    {"events.k8s.io/v1beta1"},
    {"extensions/v1beta1"},
    {"flowcontrol.apiserver.k8s.io/v1"},
    {"flowcontrol.apiserver.k8s.io/v1beta1"},
    {"flowcontrol.apiserver.k8s.io/v1beta2"},
    {"flowcontrol.apiserver.k8s.io/v1beta3"},
    {"lifecycle.k8s.io/v1alpha1", 37},
    {"networking.k8s.io/v1"},
    {"networking.k8s.io/v1beta1"},
    {"node.k8s.io/v1"},
    {"node.k8s.io/v1alpha1"},
    {"node.k8s.io/v1beta1"},
    {"policy/v1"},
    {"policy/v1beta1"},
    {"rbac.authorization.k8s.io/v1"},
    {"rbac.authorization.k8s.io/v1beta1"},
    {"rbac.authorization.k8s.io/v1alpha1"},
    {"resource.k8s.io/v1"},
    {"resource.k8s.io/v1beta2"},
    {"resource.k8s.io/v1beta1"},
    {"resource.k8s.io/v1alpha3"},
    {"scheduling.k8s.io/v1alpha1", 0, 35},
    {"scheduling.k8s.io/v1alpha2", 36, 36},
    {"scheduling.k8s.io/v1alpha3", 37},
    {"scheduling.k8s.io/v1beta1"},
    {"scheduling.k8s.io/v1"},
    {"storage.k8s.io/v1beta1"},
    {"storage.k8s.io/v1"},
    {"storage.k8s.io/v1alpha1"},
    {"storagemigration.k8s.io/v1alpha1", 0, 34},
    {"storagemigration.k8s.io/v1", 37},
    {"storagemigration.k8s.io/v1beta1", 35},
    {"apiextensions.k8s.io/v1beta1"},
    {"apiextensions.k8s.io/v1"},
}};

std::vector<std::string> known_versions(int kube_minor) {
  std::vector<std::string> out;
  for (const auto& one : known) {
    if (one.first_minor <= kube_minor && kube_minor <= one.last_minor) out.emplace_back(one.name);
  }
  return out;
}

// A struct with the methods of Helm's KubeVersion; `{{ x }}` uses String, functions see the struct.
class KubeVersionObject final : public StructObject {
 public:
  KubeVersionObject(const HelmProfile& profile, const KubeVersion& version)
      : StructObject(profile.major == 3 ? "chartutil.KubeVersion" : "common.KubeVersion", fields_of(profile, version)),
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
  static std::vector<Field> fields_of(const HelmProfile& profile, const KubeVersion& version) {
    std::vector<Field> out{{"Version", "Version", Value::string(version.version)}};
    if (profile.keeps_version_suffix) out.push_back({"", "", Value::string(version.normalized)});
    out.push_back({"Major", "Major", Value::string(version.major)});
    out.push_back({"Minor", "Minor", Value::string(version.minor)});
    return out;
  }

  KubeVersion version_;
};

class VersionSetObject final : public ValueObject {
 public:
  VersionSetObject(std::string_view type, std::vector<std::string> versions) : type_(type), versions_(std::move(versions)) {
    Value::List items;
    for (const auto& version : versions_) items.push_back(Value::string(version));
    plain_ = Value::list(std::move(items), ListType::string);
    std::sort(versions_.begin(), versions_.end());
  }

  std::string_view go_type() const override { return type_; }
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
  std::string_view type_;
  std::vector<std::string> versions_;
  Value plain_;
};

Value helm_version(const HelmProfile& profile) {
  std::vector<StructObject::Field> fields{
      {"Version", "version", Value::string(profile.helm_version), true},
      {"GitCommit", "git_commit", Value::string(""), true},
      {"GitTreeState", "git_tree_state", Value::string(""), true},
      {"GoVersion", "go_version", Value::string(profile.go_version), true},
  };
  if (profile.major > 3) {
    fields.push_back({"KubeClientVersion", "kube_client_version", Value::string(profile.kube_client_version)});
  }
  return Value::object(new StructObject("version.BuildInfo", std::move(fields)));
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
  const auto& given = capabilities.kube_version;
  GITOPSCTL_TRY(auto version, parse_kube_version(given.empty() ? "v1." + std::to_string(profile.kube_minor) + ".0" : given));
  if (!profile.keeps_version_suffix) version.version = version.normalized;
  return version;
}

Value capabilities_object(const HelmProfile& profile, const KubeVersion& version, const Capabilities& capabilities) {
  const bool is_three = profile.major == 3;
  auto versions = known_versions(profile.kube_minor);
  versions.insert(versions.end(), capabilities.api_versions.begin(), capabilities.api_versions.end());
  const std::string_view set_type = is_three ? "chartutil.VersionSet" : "common.VersionSet";
  return Value::object(new StructObject(
      is_three ? "*chartutil.Capabilities" : "*common.Capabilities",
      {
          {"KubeVersion", "KubeVersion", Value::object(new KubeVersionObject(profile, version))},
          {"APIVersions", "APIVersions", Value::object(new VersionSetObject(set_type, std::move(versions)))},
          {"HelmVersion", "HelmVersion", helm_version(profile)},
      }));
}

}  // namespace gitopsctl::render::helm
