// SPDX-License-Identifier: Apache-2.0
// measure_image beside the least that any measuring must do: read, SHA-256, libjpeg-turbo grey at
// 1/8.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "hashing/jpeg_decoder.h"
#include "hashing/measure.h"

namespace {

using namespace imgdedup::hashing;
using Buffer = std::vector<std::uint8_t>;

bool read_into(const std::filesystem::path& path, Buffer& buffer) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return false;
  buffer.resize(std::filesystem::file_size(path));
  const bool whole = std::fread(buffer.data(), 1, buffer.size(), file) == buffer.size();
  std::fclose(file);
  return whole;
}

void floor_of(const Buffer& bytes) {
  (void)digest_of(bytes);
  constexpr std::uint32_t any_scans = 1'000'000;
  (void)decode_jpeg(bytes, JpegColour::grey, {8}, any_scans);
}

void measure(const Buffer& bytes) { (void)measure_image(bytes, {}); }

/// Files per second of `work` over all files, by `threads` threads that share them out.
double rate(const std::vector<std::filesystem::path>& files, unsigned threads,
            const std::function<void(const Buffer&)>& work) {
  const auto start = std::chrono::steady_clock::now();
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> pool;
  for (unsigned i = 0; i < threads; ++i)
    pool.emplace_back([&] {
      Buffer buffer;
      for (std::size_t at = next++; at < files.size(); at = next++)
        if (read_into(files[at], buffer)) work(buffer);
    });
  for (std::thread& thread : pool) thread.join();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  return static_cast<double>(files.size()) / elapsed.count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: hashing_floor FOLDER_OF_JPEGS [THREADS] [ROUNDS]\n");
    return 2;
  }
  const auto threads = static_cast<unsigned>(argc > 2 ? std::atoi(argv[2]) : 2);
  const int rounds = std::max(1, argc > 3 ? std::atoi(argv[3]) : 9);
  warm_codecs();
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    files.push_back(entry.path());
  (void)rate(files, threads, floor_of);  // the files are in the page cache from here on
  // Taking turns, and judging by the middle of the rounds' ratios: what else the machine does then
  // falls on both alike.
  std::vector<double> floors, measures, ratios;
  for (int round = 0; round < rounds; ++round) {
    floors.push_back(rate(files, threads, floor_of));
    measures.push_back(rate(files, threads, measure));
    ratios.push_back(measures.back() / floors.back());
  }
  std::printf("%zu files, %u threads, median of %d rounds\n", files.size(), threads, rounds);
  std::printf("read + SHA-256 + libjpeg-turbo grey 1/8: %8.0f files/s\n", median(floors));
  std::printf("read + measure_image:                    %8.0f files/s\n", median(measures));
  std::printf("ratio: %.2f (%.2f to %.2f)\n", median(ratios),
              *std::min_element(ratios.begin(), ratios.end()),
              *std::max_element(ratios.begin(), ratios.end()));
  return 0;
}
