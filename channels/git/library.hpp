#pragma once

#include <git2.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result/result.hpp"

// The one door to libgit2. Included by sources of this room only.

namespace gitopsctl::channels::git {

/// Owns what a libgit2 call handed out.
template <class T, void (*free)(T*)>
struct Free {
  void operator()(T* thing) const noexcept { free(thing); }
};
template <class T, void (*free)(T*)>
using Handle = std::unique_ptr<T, Free<T, free>>;

using RepositoryHandle = Handle<git_repository, &git_repository_free>;
using OdbHandle = Handle<git_odb, &git_odb_free>;
using OdbObjectHandle = Handle<git_odb_object, &git_odb_object_free>;
using ObjectHandle = Handle<git_object, &git_object_free>;
using ReferenceHandle = Handle<git_reference, &git_reference_free>;
using ReferenceIteratorHandle = Handle<git_reference_iterator, &git_reference_iterator_free>;
using RevwalkHandle = Handle<git_revwalk, &git_revwalk_free>;
using PackbuilderHandle = Handle<git_packbuilder, &git_packbuilder_free>;
using IndexerHandle = Handle<git_indexer, &git_indexer_free>;
using SignatureHandle = Handle<git_signature, &git_signature_free>;

/// Starts libgit2 once per process with our limits: small windows and caches, no configuration of the user or the machine,
/// every object's hash checked when it is read, files synced to disk before a ref can name them.
void start_library();

/// The last failure of libgit2 on this thread. `code` is what the call returned; `what` says what was being done.
[[nodiscard]] Error library_error(int code, const std::string& what);

/// A failure of the machine (no memory, no more files, a full disk), which says nothing about what is in a repository.
[[nodiscard]] bool is_of_the_machine(const Error& error);

/// `id` as libgit2 has it; false when it is not 40 hexadecimal digits.
[[nodiscard]] bool to_oid(git_oid& out, std::string_view id) noexcept;
[[nodiscard]] std::string to_hex(const git_oid& id);

/// Opens the bare or working repository at exactly `path`; nothing above it is searched.
[[nodiscard]] Result<RepositoryHandle> open_repository(const std::string& path);

}  // namespace gitopsctl::channels::git
