#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "base/text/regex.hpp"
#include "base/time/clock.hpp"
#include "channels/secrets/sops.hpp"

namespace gitopsctl::channels::secrets {
namespace {

constexpr std::string_view metadata_key = "sops";
constexpr std::string_view flat_prefix = "sops_";

Error bad(std::string_view what, const std::string& file) {
  return Error(ErrorCode::invalid_input, "the encrypted file cannot be read: " + std::string(what)).at({file, 0, 0});
}

Error unsupported(std::string_view what, const std::string& file) {
  return Error(ErrorCode::unsupported, "the encrypted file " + std::string(what))
      .at({file, 0, 0})
      .with_hint("configure command: [sops] to have the sops program decrypt it");
}

/// One member of the metadata, whichever way the store writes it down.
using Fields = std::map<std::string, SopsNode, std::less<>>;

bool is_true(const SopsNode& node) {
  return node.kind == SopsNode::Kind::boolean ? node.boolean : node.text.view() == "true";
}

bool is_empty(const SopsNode& node) { return node.items.empty() && node.members.empty() && node.text.empty(); }

/// `age__list_0__map_enc` → 0, enc
std::optional<std::pair<std::size_t, std::string>> age_place(std::string_view key) {
  constexpr std::string_view list = "age__list_";
  constexpr std::string_view map = "__map_";
  if (!key.starts_with(list)) return std::nullopt;
  key.remove_prefix(list.size());
  std::size_t index = 0;
  const auto read = std::from_chars(key.data(), key.data() + key.size(), index);
  if (read.ec != std::errc() || index >= max_sops_recipients) return std::nullopt;
  key.remove_prefix(static_cast<std::size_t>(read.ptr - key.data()));
  if (!key.starts_with(map)) return std::nullopt;
  return std::pair{index, std::string(key.substr(map.size()))};
}

/// Takes the metadata out of a dotenv file, whose keys say the path: they become what the other stores have.
Result<Fields> take_flat(SopsNode& root, const std::string& file) {
  Fields fields;
  std::map<std::size_t, SopsNode> age;
  std::vector<SopsMember> kept;
  for (auto& member : root.members) {
    if (!member.key.starts_with(flat_prefix)) {
      kept.push_back(std::move(member));
      continue;
    }
    const std::string key = member.key.substr(flat_prefix.size());
    if (key.starts_with("age__")) {
      const auto place = age_place(key);
      if (!place) return bad("its list of recipients is malformed", file);
      SopsNode& entry = age[place->first];
      entry.kind = SopsNode::Kind::map;
      entry.members.push_back({place->second, std::move(member.value)});
    } else {
      const std::size_t end = key.find("__");
      // Of lists other than that of age keys only their names matter.
      SopsNode& field = fields[key.substr(0, end)];
      field = std::move(member.value);
      if (end != std::string::npos) field.items.emplace_back();
    }
  }
  root.members = std::move(kept);
  SopsNode& list = fields["age"];
  list.kind = SopsNode::Kind::list;
  for (auto& [index, entry] : age) {
    if (index != list.items.size()) return bad("its list of recipients is malformed", file);
    list.items.push_back(std::move(entry));
  }
  return fields;
}

/// Takes the metadata out of the trees: that of the first one counts, as for sops itself.
Result<Fields> take_nested(std::vector<SopsNode>& trees, const std::string& file) {
  std::optional<Fields> fields;
  for (auto& tree : trees) {
    const auto found = std::ranges::find(tree.members, metadata_key, &SopsMember::key);
    if (found == tree.members.end()) continue;
    if (&tree == &trees.front()) {
      if (found->value.kind != SopsNode::Kind::map) return bad("'sops' is no map", file);
      fields.emplace();
      for (auto& member : found->value.members) fields->emplace(member.key, std::move(member.value));
    }
    tree.members.erase(found);
  }
  if (!fields) {
    return bad("there is no key 'sops' in it", file).with_hint("it must be encrypted: sops encrypt --in-place FILE");
  }
  return *std::move(fields);
}

std::string text_of(const Fields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : std::string(found->second.text.view());
}

Result<void> read_keys(const Fields& fields, SopsMetadata& out, const std::string& file) {
  if (const auto groups = fields.find("key_groups"); groups != fields.end() && !is_empty(groups->second)) {
    return unsupported("has several key groups (Shamir's secret sharing)", file);
  }
  for (const auto* kind : {"kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp"}) {
    const auto found = fields.find(kind);
    if (found != fields.end() && !is_empty(found->second)) out.other_keys.emplace_back(kind);
  }
  const auto age = fields.find("age");
  if (age == fields.end()) return {};
  if (age->second.items.size() > max_sops_recipients) {
    return Error(ErrorCode::too_large,
                 "the encrypted file has more than " + std::to_string(max_sops_recipients) + " recipients")
        .at({file, 0, 0});
  }
  for (const auto& entry : age->second.items) {
    SopsMetadata::AgeKey key;
    for (const auto& member : entry.members) {
      if (member.key == "recipient") key.recipient = member.value.text.view();
      if (member.key == "enc") key.encrypted = member.value.text.view();
    }
    if (key.encrypted.empty()) return bad("a recipient has no data key", file);
    out.age.push_back(std::move(key));
  }
  return {};
}

Result<void> read_rule(const Fields& fields, SopsMetadata& out, const std::string& file) {
  constexpr std::array<std::pair<std::string_view, SopsMetadata::Rule>, 4> rules{{
      {"unencrypted_suffix", SopsMetadata::Rule::unencrypted_suffix},
      {"encrypted_suffix", SopsMetadata::Rule::encrypted_suffix},
      {"unencrypted_regex", SopsMetadata::Rule::unencrypted_regex},
      {"encrypted_regex", SopsMetadata::Rule::encrypted_regex},
  }};
  int count = 0;
  for (const auto& [name, rule] : rules) {
    std::string text = text_of(fields, name);
    if (text.empty()) continue;
    ++count;
    out.rule = rule;
    out.rule_text = std::move(text);
  }
  for (const auto* name : {"unencrypted_comment_regex", "encrypted_comment_regex"}) {
    if (!text_of(fields, name).empty()) return unsupported("says by comments what of it is encrypted", file);
  }
  if (count > 1) return bad("it has more than one rule of what is encrypted", file);
  const bool regex = out.rule == SopsMetadata::Rule::unencrypted_regex || out.rule == SopsMetadata::Rule::encrypted_regex;
  if (regex && !Regex::compile(out.rule_text).ok()) return bad("its regular expression is none", file);
  return {};
}

}  // namespace

Result<SopsDocument> read_sops(std::string_view text, SopsStore store, const std::string& file) {
  SopsDocument document;
  document.store = store;
  GITOPSCTL_TRY(document.trees, read_sops_tree(text, store, file));
  if (document.trees.empty()) return bad("it is empty", file);
  Fields fields;
  if (store == SopsStore::dotenv) {
    GITOPSCTL_TRY(fields, take_flat(document.trees.front(), file));
  } else {
    GITOPSCTL_TRY(fields, take_nested(document.trees, file));
  }
  SopsMetadata& out = document.metadata;
  out.last_modified = text_of(fields, "lastmodified");
  out.mac = text_of(fields, "mac");
  if (out.last_modified.empty() || out.mac.empty()) {
    return bad("its metadata have no sum (MAC) or no time", file)
        .with_hint("it must be encrypted: sops encrypt --in-place FILE");
  }
  if (!parse_time(out.last_modified).ok()) return bad("the time of its metadata is none", file);
  if (const auto only = fields.find("mac_only_encrypted"); only != fields.end())
    out.mac_only_encrypted = is_true(only->second);
  GITOPSCTL_CHECK(read_rule(fields, out, file));
  GITOPSCTL_CHECK(read_keys(fields, out, file));
  return document;
}

}  // namespace gitopsctl::channels::secrets
