#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/cli/session.hpp"
#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::agent::cli {

/// A channel as its control objects show it.
struct ChannelView {
  BoundChannel bound;
  Value channel;                ///< the Channel object, or null when the agent never ran it
  std::vector<Value> releases;  ///< Release objects, in order of name
};

/// Reads the control objects of a channel; `release` limits them to one.
[[nodiscard]] Result<ChannelView> read_channel(const BoundChannel& bound, const std::string& release = {});

/// The state of a Channel or Release object as people are shown it: what the agent last reported, or `Suspended` as soon as
/// somebody said so. Empty: nothing was reported yet.
[[nodiscard]] std::string shown_state(const Value& body);

/// One thing that is not where its branch says.
struct Obstacle {
  std::string channel;
  std::string release;  ///< empty: the channel as a whole
  std::string state;
  std::string what;     ///< what holds it
  std::string where;    ///< file:line:column, when it is a mistake in a file
  std::string command;  ///< what moves it, or what to do
};
/// Everything that keeps `view` from being where its branch says; empty when nothing does.
[[nodiscard]] std::vector<Obstacle> obstacles(const ChannelView& view);

/// Runs `print` once, and again after every change of the environments of `channels`, until the process is interrupted.
Result<int> watch_changes(const std::vector<BoundChannel>& channels, const std::function<Result<int>()>& print);

}  // namespace gitopsctl::agent::cli
