#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/text/ascii.hpp"
#include "base/text/regex.hpp"
#include "base/time/clock.hpp"
#include "base/yaml/yaml.hpp"
#include "channels/secrets/crypt.hpp"
#include "channels/secrets/sops.hpp"

namespace gitopsctl::channels::secrets {
namespace {

/// What sops puts before a sum over encrypted values only: SHA-256 of the word `sops`.
std::string encrypted_only_prefix() { return sha256("sops"); }

/// The pieces of `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.
struct Envelope {
  std::string data;
  std::string iv;
  std::string tag;
  std::string_view type;
};

std::optional<Envelope> open_envelope(std::string_view text) {
  const auto skip = [&text](std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
  };
  const auto piece = [&text](char end) {
    const auto out = text.substr(0, text.find(end));
    text.remove_prefix(out.size());
    return out;
  };
  if (!skip("ENC[AES256_GCM,data:")) return std::nullopt;
  const auto data = strict_base64(piece(','), true);
  if (!data || data->empty() || !skip(",iv:")) return std::nullopt;
  const auto iv = strict_base64(piece(','), true);
  if (!iv || !skip(",tag:")) return std::nullopt;
  const auto tag = strict_base64(piece(','), true);
  if (!tag || !skip(",type:")) return std::nullopt;
  const auto type = piece(']');
  if (text != "]") return std::nullopt;
  return Envelope{*data, *iv, *tag, type};
}

/// The spellings that Go's strconv.ParseBool takes.
std::optional<bool> boolean_of(std::string_view text) {
  for (const auto* word : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == word) return true;
  }
  for (const auto* word : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == word) return false;
  }
  return std::nullopt;
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number out{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return out;
}

/// `plain` as the node that its type says it is; false when it is none.
bool set_typed(SopsNode& node, std::string_view type, SecretBytes plain) {
  if (type == "str" || type == "bytes" || type == "time" || type == "comment") {
    node.kind = type == "comment" ? SopsNode::Kind::comment : SopsNode::Kind::text;
    node.text = std::move(plain);
    return true;
  }
  if (type == "int") {
    const auto value = number_of<std::int64_t>(plain.view());
    node.kind = SopsNode::Kind::integer;
    node.integer = value.value_or(0);
    node.text = {};
    return value.has_value();
  }
  if (type == "float") {
    const auto value = number_of<double>(plain.view());
    node.kind = SopsNode::Kind::floating;
    node.floating = value.value_or(0);
    node.text = {};
    return value.has_value();
  }
  const auto value = type == "bool" ? boolean_of(plain.view()) : std::nullopt;
  node.kind = SopsNode::Kind::boolean;
  node.boolean = value.value_or(false);
  node.text = {};
  return value.has_value();
}

/// Decrypts the values of trees in place, in their order, and sums them up.
class Decryption {
 public:
  Decryption(const SopsMetadata& metadata, std::string_view key, const std::string& file)
      : metadata_(metadata), key_(key), file_(file) {
    if (metadata.mac_only_encrypted) summed_.append(encrypted_only_prefix());
    if (metadata.rule == SopsMetadata::Rule::unencrypted_regex || metadata.rule == SopsMetadata::Rule::encrypted_regex) {
      // read_sops() has compiled it once.
      if (auto regex = Regex::compile(metadata.rule_text); regex.ok()) regex_ = *regex;
    }
  }

  Result<void> map(SopsNode& node) {  // NOLINT(misc-no-recursion)
    for (auto& member : node.members) {
      if (member.value.kind == SopsNode::Kind::comment) {
        comment(member.value);
        continue;
      }
      path_.push_back(member.key);
      auto done = value(member.value);
      path_.pop_back();
      if (!done.ok()) return done;
      if (member.value.kind == SopsNode::Kind::comment) return bad("a comment stands where a value must", member.value);
    }
    return {};
  }

  /// The sum in the form in which it is kept.
  [[nodiscard]] std::string sum() const {
    std::string out = sha512_hex(summed_.view());
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
    return out;
  }

 private:
  [[nodiscard]] Error bad(std::string_view what, const SopsNode& node) const {
    return Error(ErrorCode::invalid_input, "the encrypted file was changed: " + std::string(what)).at({file_, node.line, 0});
  }

  [[nodiscard]] bool matches(std::string_view key) const {
    if (regex_ != nullptr) return regex_->matches(key);
    return key.ends_with(metadata_.rule_text);
  }
  [[nodiscard]] bool is_encrypted() const {
    const bool matched = std::ranges::any_of(path_, [this](const auto& key) { return matches(key); });
    const bool names_plain =
        metadata_.rule == SopsMetadata::Rule::unencrypted_suffix || metadata_.rule == SopsMetadata::Rule::unencrypted_regex;
    return matched != names_plain;
  }
  /// Where a value stands is part of what it is authenticated by.
  [[nodiscard]] std::string place() const {
    std::string out;
    for (const auto& key : path_) out += key + ":";
    return out.empty() ? ":" : out;
  }

  Result<void> value(SopsNode& node) {  // NOLINT(misc-no-recursion)
    if (node.kind == SopsNode::Kind::map) return map(node);
    if (node.kind == SopsNode::Kind::list) {
      for (auto& item : node.items) GITOPSCTL_CHECK(value(item));
      return {};
    }
    if (node.kind == SopsNode::Kind::null) return {};
    const bool encrypted = is_encrypted();
    if (encrypted) {
      if (node.kind != SopsNode::Kind::text) return bad("a value that must be encrypted is not", node);
      // An empty text is written as it is.
      if (!node.text.empty()) GITOPSCTL_CHECK(open(node));
    }
    if ((encrypted || !metadata_.mac_only_encrypted) && node.kind != SopsNode::Kind::comment) {
      const SecretBytes text(sops_scalar_text(node));
      summed_.append(text.view());
    }
    return {};
  }

  Result<void> open(SopsNode& node) {
    const auto envelope = open_envelope(node.text.view());
    if (!envelope) return bad("a value that must be encrypted is not", node);
    auto plain = open_aes256_gcm(key_, envelope->iv, envelope->data, envelope->tag, place());
    if (!plain) return bad("a value does not fit its key, its place or its tag", node);
    if (!set_typed(node, envelope->type, *std::move(plain))) return bad("a value is not of its type", node);
    return {};
  }

  /// Comments are in no sum; one that cannot be decrypted was never encrypted.
  void comment(SopsNode& node) const {
    const auto envelope = is_encrypted() ? open_envelope(node.text.view()) : std::nullopt;
    if (!envelope || envelope->type != "comment") return;
    auto plain = open_aes256_gcm(key_, envelope->iv, envelope->data, envelope->tag, place());
    if (plain) node.text = *std::move(plain);
  }

  const SopsMetadata& metadata_;
  std::string_view key_;
  const std::string& file_;
  std::shared_ptr<const Regex> regex_;
  std::vector<std::string> path_;
  SecretBytes summed_;
};

Result<SecretBytes> data_key(const SopsMetadata& metadata, std::span<const AgeIdentity> identities,
                             const std::string& file) {
  std::optional<Error> why;
  // The recipient says whose part it is; asked first, it saves the work on those of others.
  for (const bool expected : {true, false}) {
    for (const auto& part : metadata.age) {
      const bool ours = std::ranges::any_of(identities, [&](const auto& one) { return one.recipient() == part.recipient; });
      if (ours != expected) continue;
      auto key = decrypt_age(part.encrypted, identities, 1024);
      if (key.ok() && key->size() == 32) return key;
      if (key.ok()) key = Error(ErrorCode::invalid_input, "the data key of the encrypted file is none");
      // Being no recipient of one part says less than what is wrong with another.
      if (!why || why->code() == ErrorCode::forbidden) why = key.error();
    }
  }
  if (why && why->code() != ErrorCode::forbidden) return why->at({file, 0, 0});
  std::string recipients;
  for (const auto& part : metadata.age) {
    // What stands there may be any text, a key included.
    const auto known =
        part.recipient.starts_with("age1") && part.recipient.size() < 100 &&
        std::ranges::all_of(part.recipient, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
    if (known) recipients += (recipients.empty() ? "" : ", ") + part.recipient;
  }
  if (metadata.age.empty()) {
    return Error(ErrorCode::unsupported, "the encrypted file has no age recipient")
        .at({file, 0, 0})
        .with_hint(metadata.other_keys.empty() ? "encrypt it for an age1… recipient"
                                               : "configure command: [sops] for its other keys, or add an age1… recipient");
  }
  return Error(ErrorCode::forbidden, "no age identity that is configured is a recipient of the encrypted file")
      .at({file, 0, 0})
      .with_hint("it is encrypted for " + (recipients.empty() ? "others" : recipients) +
                 "; add this installation's recipient with sops updatekeys, or configure the right key");
}

Result<void> compare_sums(const SopsMetadata& metadata, std::string_view key, const std::string& sum,
                          const std::string& file) {
  const auto envelope = open_envelope(metadata.mac);
  std::optional<SecretBytes> kept;
  if (envelope) {
    // The time is written down in whole seconds, and authenticated so.
    kept = open_aes256_gcm(key, envelope->iv, envelope->data, envelope->tag, metadata.last_modified);
  }
  if (kept && constant_time_equal(kept->view(), sum)) return {};
  return Error(ErrorCode::invalid_input, "the encrypted file was changed: its sum (MAC) does not fit its values")
      .at({file, 0, 0})
      .with_hint("restore it from its history, or change it with sops only");
}

Result<SecretBytes> dotenv_text(const SopsNode& tree) {
  SecretBytes out;
  for (const auto& member : tree.members) {
    if (member.value.kind == SopsNode::Kind::comment) {
      out.append("#");
      out.append(member.value.text.view());
    } else {
      out.append(member.key);
      out.append("=");
      const SecretBytes text(sops_scalar_text(member.value));
      for (const char c : text.view()) out.append(c == '\n' ? std::string_view("\\n") : std::string_view(&c, 1));
    }
    out.append("\n");
  }
  return out;
}

Result<SecretBytes> plain_text(const SopsDocument& document, const std::string& file) {
  const Error unprintable = Error(ErrorCode::invalid_input, "the decrypted values cannot be written as " +
                                                                std::string(sops_store_name(document.store)))
                                .at({file, 0, 0});
  const SopsNode& first = document.trees.front();
  switch (document.store) {
    case SopsStore::dotenv: return dotenv_text(first);
    case SopsStore::binary:
      for (const auto& member : first.members) {
        if (member.key == "data" && member.value.kind == SopsNode::Kind::text) return member.value.text.copy();
      }
      return unprintable;
    case SopsStore::json: {
      const auto value = sops_value(first);
      auto json = value.ok() ? to_json(*value, {.escape_html = false}) : Result<std::string>(unprintable);
      if (!json.ok()) return unprintable;
      SecretBytes out(*std::move(json));
      out.append("\n");
      return out;
    }
    case SopsStore::yaml: break;
  }
  SecretBytes out;
  for (const auto& tree : document.trees) {
    const auto value = sops_value(tree);
    auto yaml = value.ok() ? to_yaml(*value) : Result<std::string>(unprintable);
    if (!yaml.ok()) return unprintable;
    if (!out.empty()) out.append("---\n");
    const SecretBytes text(*std::move(yaml));
    out.append(text.view());
  }
  return out;
}

}  // namespace

Result<SecretBytes> decrypt_sops(SopsDocument document, std::span<const AgeIdentity> identities, std::uint64_t max_bytes,
                                 const std::string& file) {
  GITOPSCTL_TRY(const SecretBytes key, data_key(document.metadata, identities, file));
  Decryption decryption(document.metadata, key.view(), file);
  for (auto& tree : document.trees) GITOPSCTL_CHECK(decryption.map(tree));
  GITOPSCTL_CHECK(compare_sums(document.metadata, key.view(), decryption.sum(), file));
  GITOPSCTL_TRY(SecretBytes plain, plain_text(document, file));
  if (plain.size() > max_bytes) {
    return Error(ErrorCode::too_large, "the decrypted values have more than " + std::to_string(max_bytes) + " bytes")
        .at({file, 0, 0});
  }
  return plain;
}

}  // namespace gitopsctl::channels::secrets
