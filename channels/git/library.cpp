#include "channels/git/library.hpp"

#include <algorithm>
#include <array>
#include <mutex>

#include "base/text/escape.hpp"
#include "channels/git/protocol.hpp"

// Transport is ours, and libgit2 opens no connection. As Debian builds it, with Mbed TLS, it reads the certificates of all
// of the system's authorities when it starts: five milliseconds of each of our starts, and a third of a megabyte. The
// program's own function comes before the library's (ld.so(8)), and there is nothing to read; libgit2 goes on without any
// (its streams/mbedtls.c). Another TLS library under it does not ask for this one.
extern "C" {
__attribute__((used, visibility("default"))) int mbedtls_x509_crt_parse_file(void* chain, const char* path);
int mbedtls_x509_crt_parse_file(void* /*chain*/, const char* /*path*/) {
  constexpr int file_error = -0x2900;  // MBEDTLS_ERR_X509_FILE_IO_ERROR
  return file_error;
}
}

namespace gitopsctl::channels::git {
namespace {

// libgit2 maps packs in windows and keeps parsed objects; its defaults (1 GiB windows, 8 GiB mapped, 256 MiB cache) are
// made for programs that do nothing else. Ours are chosen so that an idle agent stays small; reading a tree of thousands of
// small files was not slower with them.
constexpr std::size_t window_bytes = 1U << 20U;
constexpr std::size_t mapped_bytes = 32U << 20U;
constexpr std::size_t open_pack_files = 64;
constexpr long long cache_bytes = 2LL << 20U;
/// A pack names its number of objects in its first bytes, and memory is set aside for it; Linux has about 11 million.
constexpr std::size_t max_pack_objects = 20'000'000;
#ifdef GITOPSCTL_LIBGIT2_OBJECT_LIMIT
/// No file that a release is made of comes near this; a larger blob would have to be held in memory whole. What is read has
/// its own, smaller bounds (object_reader); this one keeps the indexer from unpacking what nobody will read.
constexpr std::size_t max_object_bytes = std::size_t{2} << 30U;
#endif

void set_limits() {
  git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, window_bytes);
  git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, mapped_bytes);
  git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, open_pack_files);
  git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, static_cast<ssize_t>(cache_bytes));
  git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, max_pack_objects);
#ifdef GITOPSCTL_LIBGIT2_OBJECT_LIMIT
  git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, max_object_bytes);
#endif
}

void set_behaviour() {
  // What ~/.gitconfig or /etc/gitconfig says must not change what we do.
  for (const int level :
       {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
    git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
  }
  // A mirror may lie on a volume that belongs to another user id; it runs no hooks and has no working tree, which is what
  // the check protects.
  git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  // Costs one SHA-1 per object read, and finds a damaged disk before a damaged manifest is applied.
  git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
  git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 1);
  git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
}

ErrorCode code_of(int code, std::string_view text) {
  if (text.find("No space left") != std::string_view::npos) return ErrorCode::unavailable;
  if (text.find("Permission denied") != std::string_view::npos) return ErrorCode::forbidden;
  switch (code) {
    case GIT_ENOTFOUND: return ErrorCode::not_found;
    case GIT_EEXISTS:
    case GIT_EMODIFIED:
    case GIT_ELOCKED: return ErrorCode::conflict;
    case GIT_EAMBIGUOUS:
    case GIT_EINVALIDSPEC:
    case GIT_EINVALID: return ErrorCode::invalid_input;
    default: return ErrorCode::unavailable;
  }
}

}  // namespace

void start_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    git_libgit2_init();
    set_limits();
    set_behaviour();
  });
}

Error library_error(int code, const std::string& what) {
  const git_error* last = git_error_last();
  const std::string text = last != nullptr && last->message != nullptr ? terminal_safe(last->message) : "unknown reason";
  Error error(code_of(code, text), what + ": " + text);
  if (text.find("No space left") != std::string::npos) return error.with_hint("free space on the disk of the mirrors");
  return error;
}

bool is_of_the_machine(const Error& error) {
  constexpr std::array<std::string_view, 6> signs{"Permission denied",      "Too many open files",   "No space left",
                                                  "Cannot allocate memory", "Read-only file system", "Input/output error"};
  return std::ranges::any_of(signs, [&](std::string_view sign) { return error.message().find(sign) != std::string::npos; });
}

bool to_oid(git_oid& out, std::string_view id) noexcept {
  return is_object_id(id) && git_oid_fromstrn(&out, id.data(), id.size()) == 0;
}

std::string to_hex(const git_oid& id) {
  std::string out(GIT_OID_HEXSZ, '0');
  git_oid_fmt(out.data(), &id);
  return out;
}

Result<RepositoryHandle> open_repository(const std::string& path) {
  start_library();
  git_repository* repository = nullptr;
  const int code = git_repository_open_ext(&repository, path.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
  if (code == 0) return RepositoryHandle(repository);
  Error error = library_error(code, "open the repository " + terminal_safe(path));
  if (error.message().find("objectformat") != std::string::npos || error.message().find("extension") != std::string::npos ||
      error.message().find("repository version") != std::string::npos) {
    return Error(ErrorCode::unsupported, error.message()).with_hint("only repositories with SHA-1 object names can be read");
  }
  return error;
}

}  // namespace gitopsctl::channels::git
