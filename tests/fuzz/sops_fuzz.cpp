// Encrypted files in any bytes: age files with and without armor, documents of sops in every store, identities, references
// to secrets, and what secrets may hold. Nothing crashes or grows; no error shows a byte that it should not; what was read
// once reads the same again.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text/escape.hpp"
#include "channels/secrets/age.hpp"
#include "channels/secrets/bech32.hpp"
#include "channels/secrets/crypt.hpp"
#include "channels/secrets/field.hpp"
#include "channels/secrets/payload.hpp"
#include "channels/secrets/secret.hpp"
#include "channels/secrets/sops.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels::secrets;

namespace {

/// Opens the documents that the corpus begins with, and nothing else.
constexpr std::string_view key = "AGE-SECRET-KEY-1APSNYURSGVFHZ7RDF0G0WYL8W75GYD7ZN4ZSGJ3JPQTHZLMT3PRS6K5ECN";

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "sops_fuzz: %s\n", what);
  std::abort();
}

void check_error(const Error& error) {
  for (const auto& each : error.flatten()) {
    require(terminal_safe(each.to_string()) == each.to_string(), "an error that is not safe to print");
    require(terminal_safe(each.hint()) == each.hint(), "a hint that is not safe to print");
    require(each.message().size() < 2048, "an error that grows with its input");
    require(each.message().find("SECRET-KEY-1") == std::string::npos, "an error with a key in it");
  }
}

const std::vector<AgeIdentity>& identities() {
  static const std::vector<AgeIdentity> all = [] {
    auto read = parse_age_identities(key, "key");
    require(read.ok(), "the key cannot be read");
    return std::move(read).value();
  }();
  return all;
}

void fuzz_age(std::string_view bytes) {
  const auto binary = remove_age_armor(bytes);
  if (binary.ok()) {
    const auto header = parse_age_header(*binary);
    if (header.ok()) {
      require(!header->stanzas.empty() && header->stanzas.size() <= max_age_stanzas + 1, "a number of recipients");
      require(header->mac.size() == 32, "the size of a MAC");
      require(header->authenticated.ends_with("---"), "what a MAC is over");
      for (const auto& stanza : header->stanzas) require(!stanza.arguments.empty(), "a recipient without a type");
    } else {
      check_error(header.error());
    }
  } else {
    check_error(binary.error());
  }
  const auto plain = decrypt_age(bytes, identities(), 1U << 20U);
  if (!plain.ok()) check_error(plain.error());
}

void fuzz_words(std::string_view bytes) {
  if (const auto read = decode_bech32(bytes)) {
    const auto again = decode_bech32(encode_bech32(read->prefix, read->bytes));
    require(again && again->bytes == read->bytes && again->prefix == read->prefix, "bech32 changed on its way");
  }
  if (const auto read = parse_age_identities(bytes, "key"); !read.ok()) check_error(read.error());
  const auto time = sops_timestamp(bytes);
  require(time.empty() || sops_timestamp(time) == time, "a time that changes when it is read again");
  if (const auto plain = strict_base64(bytes, true)) require(plain->size() <= bytes.size(), "base64 that grows");
  if (const auto ref = parse_secret_ref(bytes); ref.ok()) {
    const auto again = parse_secret_ref(ref->to_string());
    require(again.ok() && *again == *ref, "a reference that is printed as another one");
  } else {
    check_error(ref.error());
  }
}

void fuzz_document(std::string_view bytes, SopsStore store) {
  auto document = read_sops(bytes, store, "file");
  if (!document.ok()) return check_error(document.error());
  require(document->metadata.age.size() <= max_sops_recipients, "a number of recipients");
  for (const auto& tree : document->trees) {
    if (const auto value = sops_value(tree); !value.ok()) check_error(value.error());
  }
  const auto plain = decrypt_sops(std::move(document).value(), identities(), max_secret_bytes, "file");
  if (!plain.ok()) return check_error(plain.error());
  require(plain->size() <= max_secret_bytes, "more than a secret may have");
}

void fuzz_payload(std::string_view bytes) {
  const auto objects = read_secret_manifest(bytes, "ns");
  if (objects.ok()) {
    require(!objects->empty() && objects->size() <= max_secret_documents, "a number of objects");
    for (const auto& object : *objects) {
      require(object.namespace_ == "ns", "an object in another namespace");
      for (const auto& word : secret_words(object.object)) require(word.size() >= 4, "a word that is too short");
    }
  } else {
    check_error(objects.error());
  }
  const auto values = read_secret_values(bytes);
  if (!values.ok()) return check_error(values.error());
  require(values->is_map(), "values that are no map");
  if (const auto field = pick_field(bytes, "a"); !field.ok()) check_error(field.error());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 7) {
    case 0: fuzz_age(bytes); break;
    case 1: fuzz_document(bytes, SopsStore::yaml); break;
    case 2: fuzz_document(bytes, SopsStore::json); break;
    case 3: fuzz_document(bytes, SopsStore::dotenv); break;
    case 4: fuzz_document(bytes, SopsStore::binary); break;
    case 5: fuzz_payload(bytes); break;
    default: fuzz_words(bytes); break;
  }
  return 0;
}
