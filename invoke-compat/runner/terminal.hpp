#pragma once

#include <memory>

#include "base/result/result.hpp"
#include "invoke-compat/runner/context.hpp"
#include "invoke-compat/runner/descriptor.hpp"

namespace gitopsctl::invoke {

/// The size of the terminal behind a descriptor, 80 times 24 where there is none.
[[nodiscard]] TerminalSize terminal_size_of(int descriptor) noexcept;

/// The two sides of a new pseudo-terminal. Programs inherit neither.
struct PseudoTerminal {
  Descriptor ours;
  Descriptor theirs;
};
[[nodiscard]] Result<PseudoTerminal> open_terminal(TerminalSize size);

[[nodiscard]] bool is_terminal(int descriptor) noexcept;
/// True when this process may read from the terminal: its process group is in the foreground. Of what is no terminal, or not
/// ours, always.
[[nodiscard]] bool may_read(int descriptor) noexcept;

/// Has a terminal give each key at once and show none of them, as the reference does while input is passed on; the modes
/// that it had come back with the end. Does nothing where there is no terminal, or we are in its background.
class KeyByKey {
 public:
  explicit KeyByKey(int descriptor);
  ~KeyByKey();
  KeyByKey(const KeyByKey&) = delete;
  KeyByKey& operator=(const KeyByKey&) = delete;

 private:
  struct Before;
  std::unique_ptr<Before> before_;
};

}  // namespace gitopsctl::invoke
