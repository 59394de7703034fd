#include "agent/cli/runs.hpp"
#include "agent/cli/switching.hpp"
#include "agent/cli/table.hpp"

namespace gitopsctl::agent::cli {

namespace {

/// The whole digest that `text` means: itself, or the one in the status that starts with it (12 digits at least).
Result<std::string> complete_digest(const std::string& text, std::string_view known, std::string_view what) {
  if (text == known) return text;
  std::string_view digits = known;
  if (digits.starts_with("sha256:")) digits.remove_prefix(7);
  std::string_view typed = text;
  if (typed.starts_with("sha256:")) typed.remove_prefix(7);
  if (typed.size() >= 12 && digits.starts_with(typed)) return std::string(known);
  return Error(ErrorCode::invalid_input, std::string(what) + " digest '" + text + "' is not what waits for approval")
      .with_hint(known.empty() ? "nothing waits for it now; see gitopsctl why"
                               : "what waits has digest " + std::string(known) + "; look at it with gitopsctl diff --live");
}

}  // namespace

Result<int> run_approve(const Invocation& invocation) {
  if (invocation.given("digest") == invocation.given("deletes")) {
    return Error(ErrorCode::invalid_input, "say what is approved: either --digest DIGEST or --deletes DIGEST")
        .with_hint("gitopsctl why CHANNEL prints the command with its digest");
  }
  GITOPSCTL_TRY(const auto session, Session::open(invocation));
  GITOPSCTL_TRY(const auto channel, session->channel(std::string(invocation.argument(0))));
  GITOPSCTL_TRY(const auto view, read_channel(channel));
  const bool deletes = invocation.given("deletes");
  GITOPSCTL_TRY(const std::string digest,
                complete_digest(invocation.text(deletes ? "deletes" : "digest"),
                                view.channel.string_at({"status", deletes ? "deleteDigest" : "approvalDigest"}),
                                deletes ? "delete" : "approval"));
  Approval approval;
  approval.digest = digest;
  if (!deletes) approval.seal = view.channel.string_at({"status", "approvalSeal"});
  approval.deletes = deletes;
  approval.by = invocation.text("as", current_user());
  approval.at = system_clock().now();
  GITOPSCTL_CHECK(write_approval(*channel.environment, channel.key, approval));
  invocation.terminal().out(std::string(deletes ? "the removal " : "the deployment ") + short_id(digest) + " on " +
                            channel.key.channel + " is approved by " + approval.by + '\n');
  return 0;
}

}  // namespace gitopsctl::agent::cli
