#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl::agent::cli {

/// Where a verb's words go. Answers go to out(), everything else (progress, warnings, errors) to err(), so that the output
/// can be piped. Not thread-safe.
class Terminal {
 public:
  virtual ~Terminal() = default;
  /// Standard output. Text from Git, charts or other machines passes terminal_safe() first, unless it is the payload that
  /// was asked for (`render`, `-o json`).
  virtual void out(std::string_view text) = 0;
  /// Standard error.
  virtual void err(std::string_view text) = 0;
  /// Hands over what was written so far; an error when standard output could not take it (a full disk). A reader that
  /// went away (`| head`) is no error.
  virtual Result<void> flush() = 0;
  /// Whether out() and err() may carry colours.
  [[nodiscard]] virtual bool colour_out() const noexcept = 0;
  [[nodiscard]] virtual bool colour_err() const noexcept = 0;
  /// Columns of standard output; 100 when it is no terminal.
  [[nodiscard]] virtual int width() const noexcept = 0;
  /// Switches colours off for good (`--no-color`).
  virtual void no_colour() noexcept = 0;
};

/// The process's standard output and error. Colours when it is a terminal, TERM is not `dumb` and NO_COLOR is unset or
/// empty (no-color.org).
class StandardTerminal final : public Terminal {
 public:
  StandardTerminal();
  ~StandardTerminal() override;
  StandardTerminal(const StandardTerminal&) = delete;
  StandardTerminal& operator=(const StandardTerminal&) = delete;
  void out(std::string_view text) override;
  void err(std::string_view text) override;
  Result<void> flush() override;
  [[nodiscard]] bool colour_out() const noexcept override { return colour_out_; }
  [[nodiscard]] bool colour_err() const noexcept override { return colour_err_; }
  [[nodiscard]] int width() const noexcept override { return width_; }
  void no_colour() noexcept override { colour_out_ = colour_err_ = false; }

 private:
  std::string buffer_;
  int failure_ = 0;  ///< errno of the first write that failed
  bool colour_out_ = false;
  bool colour_err_ = false;
  bool interactive_ = false;  ///< standard output is a terminal: every out() shows at once
  int width_ = 100;
};

/// Keeps everything in memory; for tests.
class MemoryTerminal final : public Terminal {
 public:
  void out(std::string_view text) override { out_ += text; }
  void err(std::string_view text) override { err_ += text; }
  Result<void> flush() override { return {}; }
  [[nodiscard]] bool colour_out() const noexcept override { return false; }
  [[nodiscard]] bool colour_err() const noexcept override { return false; }
  [[nodiscard]] int width() const noexcept override { return 100; }
  void no_colour() noexcept override {}
  [[nodiscard]] const std::string& written_out() const noexcept { return out_; }
  [[nodiscard]] const std::string& written_err() const noexcept { return err_; }

 private:
  std::string out_;
  std::string err_;
};

}  // namespace gitopsctl::agent::cli
