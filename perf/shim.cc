// SPDX-License-Identifier: MIT
// perf/shim.cc - main(), and the C interface of shim.h over Google Benchmark.
//
// Google Benchmark appends "/iterations:1/manual_time" to the name of a benchmark that
// is timed by hand. The reporters here remove that again, since scripts and tables
// use the names.

#include "shim.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <regex>
#include <string>
#include <vector>

namespace {

bool failed = false;

benchmark::State &state_of(shim_state *state) {
  return *reinterpret_cast<benchmark::State *>(state);
}

std::vector<benchmark::BenchmarkReporter::Run>
plain(const std::vector<benchmark::BenchmarkReporter::Run> &runs) {
  auto named = runs;
  for (auto &run : named) {
    run.run_name.iterations.clear();
    run.run_name.time_type.clear();
  }
  return named;
}

// What --benchmark_format asked for, behind plain names.
class Display : public benchmark::BenchmarkReporter {
public:
  Display() : inner_(benchmark::CreateDefaultDisplayReporter()) {
  }
  bool ReportContext(const Context &context) override {
    bench_prepare();
    return inner_->ReportContext(context);
  }
  void ReportRuns(const std::vector<Run> &runs) override {
    inner_->ReportRuns(plain(runs));
  }
  void Finalize() override {
    inner_->Finalize();
  }

private:
  std::unique_ptr<benchmark::BenchmarkReporter> inner_;
};

// The file of --benchmark_out, always JSON.
class File : public benchmark::JSONReporter {
public:
  void ReportRuns(const std::vector<Run> &runs) override {
    benchmark::JSONReporter::ReportRuns(plain(runs));
  }
};

bool wants_file(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (std::string(argv[i]).rfind("--benchmark_out=", 0) == 0)
      return true;
  }
  return std::getenv("BENCHMARK_OUT") != nullptr;
}

void usage() {
  benchmark::PrintDefaultHelp();
  bench_usage();
}

} // namespace

extern "C" {

void shim_register(const char *name, shim_function *function, void *arg) {
  benchmark::RegisterBenchmark(name,
                               [function, arg](benchmark::State &state) {
                                 function(reinterpret_cast<shim_state *>(&state), arg);
                               })
      ->UseManualTime()
      ->Iterations(1);
}

bool shim_selected(const char *name) {
  std::string filter = benchmark::GetBenchmarkFilter();
  if (filter.empty() || filter == "all")
    return true;
  bool wanted = filter[0] != '-';
  try {
    std::regex regex(wanted ? filter : filter.substr(1), std::regex::extended);
    return std::regex_search(std::string(name) + "/iterations:1/manual_time", regex) == wanted;
  } catch (const std::regex_error &) {
    return true; // Google Benchmark says what is wrong with it
  }
}

void shim_context(const char *key, const char *value) {
  benchmark::AddCustomContext(key, value);
}

bool shim_next(shim_state *state) {
  return state_of(state).KeepRunning();
}

void shim_time(shim_state *state, double seconds) {
  state_of(state).SetIterationTime(seconds);
}

void shim_counter(shim_state *state, const char *name, double value) {
  state_of(state).counters[name] = value;
}

void shim_label(shim_state *state, const char *label) {
  state_of(state).SetLabel(label);
}

void shim_skip(shim_state *state, const char *why) {
  state_of(state).SkipWithError(why);
}

void shim_fail(shim_state *state, const char *why) {
  failed = true;
  state_of(state).SkipWithError(why);
}

} // extern "C"

int main(int argc, char **argv) {
  bool file = wants_file(argc, argv);
  benchmark::Initialize(&argc, argv, usage);
  int status = bench_register(argc, argv);
  if (status != 0)
    return status;
  Display display;
  File json;
  benchmark::RunSpecifiedBenchmarks(&display, file ? &json : nullptr);
  benchmark::Shutdown();
  return failed ? 1 : 0;
}
