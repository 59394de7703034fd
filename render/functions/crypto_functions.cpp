#include <arpa/inet.h>

#include <string>

#include "base/crypto/digest.hpp"
#include "base/text/go_format.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/certificate.hpp"
#include "render/functions/functions.hpp"
#include "render/functions/password.hpp"
#include "render/functions/random_source.hpp"
#include "render/template/evaluator.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

// ---- passwords

std::string bcrypt_text(CallContext& context, std::string_view password) {
  auto hash = bcrypt_hash(password, RandomSource(context).bytes(16));
  return hash.ok() ? *hash : "failed to encrypt string with bcrypt: " + hash.error().message();
}

Result<Value> bcrypt(CallContext& context, Arguments arguments) {
  return Value::string(bcrypt_text(context, arguments[0].as_string()));
}

Result<Value> htpasswd(CallContext& context, Arguments arguments) {
  const std::string user(arguments[0].as_string());
  if (user.find(':') != std::string::npos) return Value::string("invalid username: " + user);
  return Value::string(user + ":" + bcrypt_text(context, arguments[1].as_string()));
}

Result<Value> derive(CallContext& /*context*/, Arguments arguments) {
  const auto counter = arguments[0].as_int();
  if (counter < 0 || counter > 0xFFFF'FFFF) return failure("expected uint32; found " + std::to_string(counter));
  GITOPSCTL_TRY(const auto password,
                derive_password(static_cast<std::uint32_t>(counter), arguments[1].as_string(), arguments[2].as_string(),
                                arguments[3].as_string(), arguments[4].as_string()));
  return Value::string(password);
}

Result<Value> encrypt(CallContext& context, Arguments arguments) {
  if (arguments[1].as_string().empty()) return Value::string("");
  GITOPSCTL_TRY(auto text, encrypt_aes(arguments[0].as_string(), arguments[1].as_string(), RandomSource(context).bytes(16)));
  return text_value("encryptAES", text);
}

Result<Value> decrypt(CallContext& /*context*/, Arguments arguments) {
  if (arguments[1].as_string().empty()) return Value::string("");
  GITOPSCTL_TRY(const auto text, decrypt_aes(arguments[0].as_string(), arguments[1].as_string()));
  return Value::string(text);
}

// ---- keys and certificates

/// sprig.certificate: fields Cert and Key.
class CertificateObject final : public ValueObject {
 public:
  CertificateObject(std::string certificate, std::string key) : certificate_(std::move(certificate)), key_(std::move(key)) {}
  [[nodiscard]] std::string_view go_type() const override { return "sprig.certificate"; }
  [[nodiscard]] std::string_view go_kind() const override { return "struct"; }
  [[nodiscard]] std::string print() const override { return "{" + certificate_ + " " + key_ + "}"; }
  [[nodiscard]] bool field(std::string_view name, Value& out) const override {
    if (name != "Cert" && name != "Key") return false;
    out = Value::string(name == "Cert" ? certificate_ : key_);
    return true;
  }
  [[nodiscard]] Value to_plain() const override {
    return make_map({{"Cert", Value::string(certificate_)}, {"Key", Value::string(key_)}});
  }
  [[nodiscard]] CertificateSigner signer() const { return {certificate_, key_}; }

 private:
  std::string certificate_;
  std::string key_;
};

Result<Value> private_key(CallContext& context, Arguments arguments) {
  struct Row {
    std::string_view name;
    KeyKind kind;
  };
  constexpr Row kinds[] = {{"", KeyKind::rsa4096},
                           {"rsa", KeyKind::rsa4096},
                           {"ecdsa", KeyKind::ecdsa_p256},
                           {"ed25519", KeyKind::ed25519},
                           {"dsa", KeyKind::dsa2048}};
  for (const auto& row : kinds) {
    if (row.name != arguments[0].as_string()) continue;
    RandomSource random(context);
    GITOPSCTL_TRY(const auto key, make_private_key(row.kind, random));
    GITOPSCTL_TRY(const auto pem, write_private_key(key));
    return Value::string(pem);
  }
  return Value::string("Unknown type " + std::string(arguments[0].as_string()));
}

/// The members of the lists of addresses and names, which must be texts.
Result<void> add_addresses(const Value& list, CertificateRequest& request) {
  for (const auto& item : list.as_list()) {
    if (!item.is_string()) return failure("error parsing ip: " + go_format(item) + " is not a string");
    const std::string text(item.as_string());
    std::string bytes(16, '\0');
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
      bytes.resize(4);
    } else if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
      // Go shortens addresses that only wrap one of IPv4.
      if (bytes.starts_with(std::string(10, '\0') + "\xFF\xFF")) bytes.erase(0, 12);
    } else {
      return failure("error parsing ip: " + text);
    }
    request.addresses.push_back(std::move(bytes));
  }
  return {};
}

Result<void> add_names(const Value& list, CertificateRequest& request) {
  for (const auto& item : list.as_list()) {
    if (!item.is_string()) {
      return failure("error processing alternate dns name: " + go_format(item) + " is not a string");
    }
    request.dns_names.emplace_back(item.as_string());
  }
  return {};
}

/// What a call gives: the request, and where the key and the signature come from.
struct CertificateCall {
  std::string_view common_name;
  const Value* addresses = nullptr;
  const Value* names = nullptr;
  std::int64_t days = 0;
  const Value* authority = nullptr;  ///< nullptr: signed by itself
  const Value* key_pem = nullptr;    ///< nullptr: a new RSA key
  bool is_ca = false;
};

constexpr std::int64_t seconds_per_day = 86'400;
/// Year 9999 is the last that a certificate can name.
constexpr std::int64_t max_certificate_days = 2'900'000;

Result<PrivateKey> key_for(const CertificateCall& call, RandomSource& random) {
  if (call.key_pem == nullptr) return make_private_key(KeyKind::rsa2048, random);
  auto key = read_private_key(call.key_pem->as_string());
  if (!key.ok()) return failure("parsing private key: " + key.error().message());
  return key;
}

Result<Value> issue(CallContext& context, const CertificateCall& call) {
  const CertificateObject* authority = nullptr;
  if (call.authority != nullptr) {
    authority = dynamic_cast<const CertificateObject*>(call.authority->as_object());
    if (authority == nullptr) {
      return failure("wrong type for value; expected sprig.certificate; got " + std::string(go_type_name(*call.authority)));
    }
  }
  if (call.days > max_certificate_days || call.days < -max_certificate_days) {
    return failure("error creating certificate: a validity of " + std::to_string(call.days) + " days cannot be written");
  }
  RandomSource random(context);
  CertificateRequest request;
  request.common_name = call.common_name;
  request.is_ca = call.is_ca;
  GITOPSCTL_TRY(const auto key, key_for(call, random));
  if (call.addresses != nullptr) GITOPSCTL_CHECK(add_addresses(*call.addresses, request));
  if (call.names != nullptr) GITOPSCTL_CHECK(add_names(*call.names, request));
  request.serial = random.bytes(16);
  request.not_before =
      std::chrono::floor<std::chrono::seconds>(context.evaluator.context().now()).time_since_epoch().count();
  request.not_after = request.not_before + call.days * seconds_per_day;
  const auto signer = authority == nullptr ? CertificateSigner{} : authority->signer();
  GITOPSCTL_TRY(auto certificate, make_certificate(request, key, authority == nullptr ? nullptr : &signer));
  GITOPSCTL_TRY(auto pem, write_private_key(key));
  return Value::object(new CertificateObject(std::move(certificate), std::move(pem)));
}

Result<Value> gen_ca(CallContext& context, Arguments arguments) {
  return issue(context, {.common_name = arguments[0].as_string(),
                         .days = arguments[1].as_int(),
                         .key_pem = arguments.size() > 2 ? &arguments[2] : nullptr,
                         .is_ca = true});
}

Result<Value> gen_self_signed(CallContext& context, Arguments arguments) {
  return issue(context, {.common_name = arguments[0].as_string(),
                         .addresses = &arguments[1],
                         .names = &arguments[2],
                         .days = arguments[3].as_int(),
                         .key_pem = arguments.size() > 4 ? &arguments[4] : nullptr});
}

Result<Value> gen_signed(CallContext& context, Arguments arguments) {
  return issue(context, {.common_name = arguments[0].as_string(),
                         .addresses = &arguments[1],
                         .names = &arguments[2],
                         .days = arguments[3].as_int(),
                         .authority = &arguments[4],
                         .key_pem = arguments.size() > 5 ? &arguments[5] : nullptr});
}

Result<Value> build_custom(CallContext& /*context*/, Arguments arguments) {
  const auto certificate = base64_decode(arguments[0].as_string());
  if (!certificate.ok()) return failure("unable to decode base64 certificate");
  const auto key = base64_decode(arguments[1].as_string());
  if (!key.ok()) return failure("unable to decode base64 private key");
  GITOPSCTL_CHECK(check_certificate(*certificate));
  const auto read = read_private_key(*key);
  if (!read.ok()) return failure("error parsing private key: " + read.error().message());
  return Value::object(new CertificateObject(*certificate, *key));
}

// Random or shared by reference: none is folded, but for derivePassword, which is slow and is better run once per call.
constexpr Function table[] = {
    {"bcrypt", bcrypt, params<string>, false, false},
    {"htpasswd", htpasswd, params<string, string>, false, false},
    {"derivePassword", derive, params<uint32, string, string, string, string>, false, false},
    {"encryptAES", encrypt, params<string, string>, false, false},
    {"decryptAES", decrypt, params<string, string>, false, false},
    {"genPrivateKey", private_key, params<string>, false, false},
    {"genCA", gen_ca, params<string, integer>, false, false},
    {"genCAWithKey", gen_ca, params<string, integer, string>, false, false},
    {"genSelfSignedCert", gen_self_signed, params<string, list, list, integer>, false, false},
    {"genSelfSignedCertWithKey", gen_self_signed, params<string, list, list, integer, string>, false, false},
    {"genSignedCert", gen_signed, params<string, list, list, integer, certificate>, false, false},
    {"genSignedCertWithKey", gen_signed, params<string, list, list, integer, certificate, string>, false, false},
    {"buildCustomCert", build_custom, params<string, string>, false, false},
};

}  // namespace

std::span<const Function> crypto_functions() { return table; }

}  // namespace gitopsctl::render
