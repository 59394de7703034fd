#pragma once

namespace gitopsctl::invoke {

/// Where we deliberately differ from pyinvoke 3.0.3. Each switch is one such difference; off is what the reference does. The
/// product uses `Rules{}`, also when it is called `inv`; the comparison with the reference switches them off one by one.
struct Rules {
  /// `--help`, and `-h` where the task has no `-h`, always ask for help of the task instead of becoming a value.
  bool help_is_help = true;
  /// A core flag is a flag even while the task lacks a positional argument, and does not become that argument.
  bool core_flag_before_positional = true;
  /// Automatic short flags never take `-h`.
  bool keep_h_for_help = true;
  /// Automatic short flags are letters and digits of ASCII; one that is another argument's name is not given, where the
  /// reference crashes.
  bool plain_short_flags = true;
  /// The value of a core flag may be attached to its short form after a task's name as well (`fetch -T5`).
  bool attached_core_values = true;
  /// A negative timeout is refused.
  bool refuse_negative_timeout = true;
  /// The default of a namespace may be a namespace, and the names of all namespaces on the way then name its task.
  bool nested_defaults = true;
  /// `--engine` and `--explain`, which the reference does not know.
  bool own_core_flags = true;

  /// All off.
  [[nodiscard]] static constexpr Rules reference() noexcept {
    return {.help_is_help = false,
            .core_flag_before_positional = false,
            .keep_h_for_help = false,
            .plain_short_flags = false,
            .attached_core_values = false,
            .refuse_negative_timeout = false,
            .nested_defaults = false,
            .own_core_flags = false};
  }
};

}  // namespace gitopsctl::invoke
