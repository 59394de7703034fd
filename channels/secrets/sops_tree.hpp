#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "channels/secrets/secret_bytes.hpp"

/// Encrypted documents as sops writes them: trees that keep the order of the file, since the order is part of what the
/// document is authenticated by.
namespace gitopsctl::channels::secrets {

/// How a document is stored in a file.
enum class SopsStore : std::uint8_t { yaml, json, dotenv, binary };

/// By the end of a file's name: `.yaml`, `.yml`, `.json`, `.env`; everything else is binary, as for sops itself.
/// `unsupported` for `.ini`.
[[nodiscard]] Result<SopsStore> sops_store_of(std::string_view file_name);
/// `yaml`, `json`, `dotenv`, `binary`: as sops' --input-type takes it.
[[nodiscard]] std::string_view sops_store_name(SopsStore store) noexcept;

struct SopsMember;

/// One node. Moves only, and overwrites its text at its end.
struct SopsNode {
  enum class Kind : std::uint8_t { null, boolean, integer, floating, text, comment, list, map };
  Kind kind = Kind::null;
  bool boolean = false;
  std::int64_t integer = 0;
  double floating = 0;
  /// Of a text or comment. Dates and times are texts in the form in which they are authenticated.
  SecretBytes text;
  std::vector<SopsNode> items;
  std::vector<SopsMember> members;
  int line = 0;  ///< where it stands, from 1; 0: unknown
};

/// A key with its value. The value of a comment between them (dotenv) has kind `comment`, and its key is empty.
struct SopsMember {
  std::string key;
  SopsNode value;
};

inline constexpr std::uint64_t max_sops_file_bytes = 4U << 20U;  ///< base64 and metadata around at most 1 MiB of content
inline constexpr int max_sops_depth = 100;
inline constexpr std::size_t max_sops_nodes = 200'000;

/// Reads the documents of a file: one, or for YAML those of its stream; a binary one is read as the JSON that it is wrapped
/// in. Keys are texts, and unique in their map. `invalid_input`, `too_large`, `unsupported` (aliases, which sops never
/// writes). Errors have the line and never quote the file. Pure.
[[nodiscard]] Result<std::vector<SopsNode>> read_sops_tree(std::string_view text, SopsStore store, const std::string& file);

/// The tree without comments as a plain value. `invalid_input` for text that is no UTF-8.
[[nodiscard]] Result<Value> sops_value(const SopsNode& node);

/// What stands for a scalar in the sum over a document: texts as they are, numbers in decimal without exponent, `True` and
/// `False`. Empty for null and for everything else.
[[nodiscard]] std::string sops_scalar_text(const SopsNode& node);

/// A date or time that a plain YAML scalar may be, in RFC 3339 with as many digits as it has; empty when it is none.
[[nodiscard]] std::string sops_timestamp(std::string_view text);

}  // namespace gitopsctl::channels::secrets
