// SPDX-License-Identifier: Apache-2.0
// What becomes of the work of a model that is no longer in use.
#pragma once

#include "daemon/event/timer.h"
#include "daemon/library.h"

namespace imgdedup::daemon {

/// Decisions that rest on the embeddings of another model alone end, and their files are judged
/// anew; where there is no model any more, all embeddings are removed, in the background. Those of
/// a model that gave way to another are replaced one by one (see Remeasurer). Loop thread only.
class ModelChange {
 public:
  ModelChange(event::Loop& loop, Library& library);

  /// Once, when files may be judged. What is not removed when the service ends is so at its next
  /// start.
  void start();

 private:
  void end_decisions();
  void forget_some();

  Library& library_;
  event::Timer timer_;
};

}  // namespace imgdedup::daemon
