#include <utility>

#include "base/files/file_tree.hpp"
#include "base/process/spawn.hpp"
#include "base/text/escape.hpp"
#include "channels/secrets/age.hpp"
#include "channels/secrets/field.hpp"
#include "channels/secrets/providers.hpp"
#include "channels/secrets/read_file.hpp"
#include "channels/secrets/sops.hpp"

namespace gitopsctl::channels::secrets {
namespace {

constexpr std::uint64_t max_key_file_bytes = 64U << 10U;

class SopsProvider final : public SecretProvider {
 public:
  SopsProvider(SopsProviderConfig config, const SecretContext& context) : config_(std::move(config)), context_(context) {}

  Result<Secret> fetch(const SecretRef& ref, const Interrupt& interrupt) override {
    GITOPSCTL_CHECK(interrupt.check("reading the secret"));
    if (!ref.version.empty()) {
      return Error(ErrorCode::invalid_input, "a secret of kind sops has no versions").with_hint("leave out '@VERSION'");
    }
    const std::string file = ref.name + config_.suffix;
    GITOPSCTL_TRY(const SopsStore store, sops_store_of(file));
    GITOPSCTL_TRY(const FileTreePtr tree, open_disk_tree(context_.resolve(config_.dir)));
    GITOPSCTL_TRY(const TreePath path, TreePath::parse(file));
    GITOPSCTL_TRY(const std::string text, tree->read(path, max_sops_file_bytes));
    Secret out;
    if (config_.command.empty()) {
      GITOPSCTL_TRY(SopsDocument document, read_sops(text, store, path.str()));
      out.version = document.metadata.last_modified;
      GITOPSCTL_TRY(const auto identities, read_identities());
      GITOPSCTL_TRY(out.bytes, decrypt_sops(std::move(document), identities, max_secret_bytes, path.str()));
    } else {
      GITOPSCTL_TRY(out.bytes, run_program(text, store, interrupt));
    }
    if (!ref.field.empty()) {
      GITOPSCTL_TRY(out.bytes, pick_field(out.bytes.view(), ref.field));
    }
    return out;
  }

 private:
  [[nodiscard]] Result<std::vector<AgeIdentity>> read_identities() const {
    if (!config_.key_file.empty()) return from_file(context_.resolve(config_.key_file), config_.key_file);
    if (const SecretBytes key(context_.variable("SOPS_AGE_KEY")); !key.empty()) {
      return parse_age_identities(key.view(), "SOPS_AGE_KEY");
    }
    const std::string named = context_.variable("SOPS_AGE_KEY_FILE");
    if (!named.empty()) return from_file(context_.resolve(named), named);
    return Error(ErrorCode::forbidden, "there is no age identity to decrypt with")
        .with_hint("configure keyFile, or set SOPS_AGE_KEY_FILE or SOPS_AGE_KEY");
  }

  static Result<std::vector<AgeIdentity>> from_file(const std::string& path, const std::string& shown) {
    GITOPSCTL_TRY(const SecretBytes text, read_named_file(path, max_key_file_bytes));
    return parse_age_identities(text.view(), terminal_safe(shown));
  }

  /// The program gets the bytes that were read here, so that no link can lead it elsewhere.
  Result<SecretBytes> run_program(const std::string& text, SopsStore store, const Interrupt& interrupt) const {
    CapturedCommand command;
    command.command.program = config_.command.front();
    command.command.arguments.assign(config_.command.begin() + 1, config_.command.end());
    const std::string type(sops_store_name(store));
    for (const auto& word : {std::string("--decrypt"), std::string("--input-type"), type, std::string("--output-type"), type,
                             std::string("/dev/stdin")}) {
      command.command.arguments.push_back(word);
    }
    command.command.directory = context_.resolve(config_.dir);
    command.command.environment.emplace(context_.environment.begin(), context_.environment.end());
    command.input = text;
    command.max_output = max_secret_bytes;
    const std::string shown = "the program '" + terminal_safe(config_.command.front()) + "'";
    auto ended = run_command(command, interrupt);
    if (!ended.ok()) return ended.error().in("sops");
    SecretBytes out(std::move(ended->out));
    wipe(ended->err);
    // The codes of sops: 128 no key, 51 the sum (MAC) does not fit.
    switch (ended->status.exit_code) {
      case 0: return out;
      case 128:
        return Error(ErrorCode::forbidden, shown + " has no key for the encrypted file (128)")
            .with_hint("run it by hand; what it prints is not repeated here");
      default:
        return Error(ErrorCode::invalid_input,
                     shown + " cannot decrypt the file (" + std::to_string(ended->status.exit_code) + ")")
            .with_hint("run it by hand; what it prints is not repeated here");
    }
  }

  SopsProviderConfig config_;
  const SecretContext& context_;
};

}  // namespace

std::unique_ptr<SecretProvider> make_sops_provider(SopsProviderConfig config, const SecretContext& context) {
  return std::make_unique<SopsProvider>(std::move(config), context);
}

}  // namespace gitopsctl::channels::secrets
