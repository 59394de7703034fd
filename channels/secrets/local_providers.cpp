#include <utility>

#include "base/crypto/digest.hpp"
#include "base/files/file_tree.hpp"
#include "base/text/escape.hpp"
#include "channels/secrets/field.hpp"
#include "channels/secrets/providers.hpp"
#include "channels/secrets/read_file.hpp"

namespace gitopsctl::channels::secrets {
namespace {

Error no_versions(std::string_view kind) {
  return Error(ErrorCode::invalid_input, "a secret of kind " + std::string(kind) + " has no versions")
      .with_hint("leave out '@VERSION'");
}

/// The secret, or one field of it.
Result<Secret> as_asked(SecretBytes bytes, const SecretRef& ref) {
  Secret out;
  if (ref.field.empty()) {
    out.bytes = std::move(bytes);
  } else {
    GITOPSCTL_TRY(out.bytes, pick_field(bytes.view(), ref.field));
  }
  return out;
}

class FileProvider final : public SecretProvider {
 public:
  FileProvider(FileProviderConfig config, const SecretContext& context) : config_(std::move(config)), context_(context) {}

  Result<Secret> fetch(const SecretRef& ref, const Interrupt& interrupt) override {
    GITOPSCTL_CHECK(interrupt.check("reading the secret"));
    if (!ref.version.empty()) return no_versions("file");
    // Opened anew each time: it may be mounted later, or be another one by then.
    GITOPSCTL_TRY(const FileTreePtr tree, open_disk_tree(context_.resolve(config_.dir)));
    std::string tried;
    for (const auto& suffix : config_.suffixes) {
      GITOPSCTL_TRY(const TreePath path, TreePath::parse(ref.name + suffix));
      tried += (tried.empty() ? "" : ", ") + terminal_safe(ref.name + suffix);
      const auto info = tree->stat(path);
      if (!info.ok() && info.error().code() != ErrorCode::not_found) return info.error();
      if (!info.ok() || info->type != FileType::file) continue;
      auto bytes = tree->read(path, max_secret_bytes);
      if (!bytes.ok()) return bytes.error();
      return as_asked(SecretBytes(*std::move(bytes)), ref);
    }
    return Error(ErrorCode::not_found, "there is no such file")
        .with_hint("looked for " + tried + " in " + terminal_safe(config_.dir));
  }

 private:
  FileProviderConfig config_;
  const SecretContext& context_;
};

class EnvProvider final : public SecretProvider {
 public:
  EnvProvider(EnvProviderConfig config, const SecretContext& context) : config_(std::move(config)), context_(context) {}

  Result<Secret> fetch(const SecretRef& ref, const Interrupt& interrupt) override {
    GITOPSCTL_CHECK(interrupt.check("reading the secret"));
    if (!ref.version.empty()) return no_versions("env");
    GITOPSCTL_TRY(const std::string name, variable_of(ref.name));
    const auto found = context_.environment.find(name);
    if (found == context_.environment.end()) {
      return Error(ErrorCode::not_found, "the environment has no " + name).with_hint("set it to the value, or to @FILE");
    }
    if (!found->second.starts_with('@')) return as_asked(SecretBytes(found->second), ref);
    auto bytes = read_named_file(context_.resolve(found->second.substr(1)), max_secret_bytes);
    // A value that only looks like a path must not be shown as one.
    if (!bytes.ok()) {
      return Error(bytes.error().code(), "the file that " + name + " names cannot be read")
          .with_hint("its value begins with '@', which is followed by the path of a file of at most 1 MiB");
    }
    return as_asked(*std::move(bytes), ref);
  }

 private:
  [[nodiscard]] Result<std::string> variable_of(std::string_view name) const {
    std::string out = config_.prefix;
    for (const char c : name) {
      if (c >= 'a' && c <= 'z') {
        out += static_cast<char>(c - 'a' + 'A');
      } else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_') {
        out += c;
      } else if (c == '-' || c == '.') {
        out += '_';
      } else {
        return Error(ErrorCode::invalid_input,
                     "a secret of kind env has letters, digits, '-', '_' and '.' in its name only");
      }
    }
    return out;
  }

  EnvProviderConfig config_;
  const SecretContext& context_;
};

class KubernetesProvider final : public SecretProvider {
 public:
  KubernetesProvider(KubernetesProviderConfig config, const SecretContext& context)
      : config_(std::move(config)), context_(context) {}

  Result<Secret> fetch(const SecretRef& ref, const Interrupt& interrupt) override {
    if (!ref.version.empty()) return no_versions("kubernetes");
    if (!context_.read_kube_secret) {
      return Error(ErrorCode::unsupported, "there is no cluster here to read Secrets of");
    }
    const std::string where = "Secret " + terminal_safe(config_.namespace_ + "/" + ref.name);
    const auto object = context_.read_kube_secret(config_.context, config_.namespace_, ref.name, interrupt);
    if (!object.ok()) return refusal(object.error(), where);
    const Value* data = object->find("data");
    if (object->string_at({"kind"}) != "Secret" || (data != nullptr && !data->is_map() && !data->is_nothing())) {
      return Error(ErrorCode::unavailable, "what the cluster answers is no Secret");
    }
    GITOPSCTL_TRY(const std::string field, field_of(ref, data, where));
    const Value* encoded = data->find(field);
    if (encoded == nullptr) return Error(ErrorCode::not_found, where + " has no key '" + terminal_safe(field) + "'");
    auto bytes = base64_decode(encoded->as_string());
    if (!encoded->is_string() || !bytes.ok()) {
      return Error(ErrorCode::invalid_input, where + " has a value that is no base64 at '" + terminal_safe(field) + "'");
    }
    Secret out;
    out.bytes = SecretBytes(*std::move(bytes));
    out.version = object->string_at({"metadata", "resourceVersion"});
    return out;
  }

 private:
  [[nodiscard]] Result<std::string> field_of(const SecretRef& ref, const Value* data, const std::string& where) const {
    if (data == nullptr || data->size() == 0) return Error(ErrorCode::not_found, where + " has no data");
    if (!ref.field.empty()) return ref.field;
    if (!config_.field.empty()) return config_.field;
    if (data->size() == 1) return data->as_map().front().key.str();
    return Error(ErrorCode::invalid_input, where + " has several keys").with_hint("configure field, or write NAME#FIELD");
  }

  /// The server's words may be about anything; ours say what matters.
  static Error refusal(const Error& error, const std::string& where) {
    switch (error.code()) {
      case ErrorCode::not_found: return {ErrorCode::not_found, where + " is not there"};
      case ErrorCode::forbidden:
        return Error(ErrorCode::forbidden, where + " may not be read").with_hint("a Role must allow get on this Secret");
      case ErrorCode::timeout:
      case ErrorCode::cancelled:
      case ErrorCode::too_large:
      case ErrorCode::unsupported: return {error.code(), where + " cannot be read"};
      case ErrorCode::invalid_input: return {ErrorCode::invalid_input, where + ": the cluster takes the request for wrong"};
      default: return {ErrorCode::unavailable, where + " cannot be read: the cluster does not answer as it should"};
    }
  }

  KubernetesProviderConfig config_;
  const SecretContext& context_;
};

}  // namespace

std::unique_ptr<SecretProvider> make_file_provider(FileProviderConfig config, const SecretContext& context) {
  return std::make_unique<FileProvider>(std::move(config), context);
}

std::unique_ptr<SecretProvider> make_env_provider(EnvProviderConfig config, const SecretContext& context) {
  return std::make_unique<EnvProvider>(std::move(config), context);
}

std::unique_ptr<SecretProvider> make_kubernetes_provider(KubernetesProviderConfig config, const SecretContext& context) {
  return std::make_unique<KubernetesProvider>(std::move(config), context);
}

Result<std::unique_ptr<SecretProvider>> make_local_provider(const ProviderConfig& config, const SecretContext& context) {
  if (const auto* file = std::get_if<FileProviderConfig>(&config)) return make_file_provider(*file, context);
  if (const auto* env = std::get_if<EnvProviderConfig>(&config)) return make_env_provider(*env, context);
  if (const auto* sops = std::get_if<SopsProviderConfig>(&config)) return make_sops_provider(*sops, context);
  if (const auto* kube = std::get_if<KubernetesProviderConfig>(&config)) return make_kubernetes_provider(*kube, context);
  return Error(ErrorCode::unsupported, "this program asks no servers for secrets").with_hint("use gitopsctl-net");
}

}  // namespace gitopsctl::channels::secrets
