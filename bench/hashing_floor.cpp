// SPDX-License-Identifier: Apache-2.0
// measure_image beside the least that any measuring must do: read, SHA-256, libjpeg-turbo grey at
// 1/8.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
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
  WholePicture picture;
  (void)give_jpeg(bytes, JpegColour::grey, {8}, any_scans, picture);
}

void measure(const Buffer& bytes) { (void)measure_image(bytes, {}); }

struct Rate {
  double files_per_second = 0;
  double cpu_ms_per_file = 1e9;  ///< of all threads; what others do on the machine falls out of it

  void keep_best_of(const Rate& other) {
    files_per_second = std::max(files_per_second, other.files_per_second);
    cpu_ms_per_file = std::min(cpu_ms_per_file, other.cpu_ms_per_file);
  }
};

/// `work` over all files, by `threads` threads that share them out.
Rate rate(const std::vector<std::filesystem::path>& files, unsigned threads,
          const std::function<void(const Buffer&)>& work) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t start_cpu = std::clock();
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
  const auto cpu = static_cast<double>(std::clock() - start_cpu) / CLOCKS_PER_SEC;
  const auto count = static_cast<double>(files.size());
  return {count / elapsed.count(), 1000 * cpu / count};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: hashing_floor FOLDER_OF_JPEGS [THREADS] [ROUNDS]\n");
    return 2;
  }
  const auto threads = static_cast<unsigned>(argc > 2 ? std::atoi(argv[2]) : 2);
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  warm_codecs();
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    files.push_back(entry.path());
  (void)rate(files, threads, floor_of);  // the files are in the page cache from here on
  // Taking turns, so that whatever else the machine does falls on both alike.
  Rate best_floor, best_measure;
  for (int round = 0; round < rounds; ++round) {
    best_floor.keep_best_of(rate(files, threads, floor_of));
    best_measure.keep_best_of(rate(files, threads, measure));
  }
  std::printf("%zu files, %u threads, best of %d rounds\n", files.size(), threads, rounds);
  const auto print = [](const char* what, const Rate& best) {
    std::printf("%-40s %8.0f files/s, %.3f ms of CPU time a file\n", what, best.files_per_second,
                best.cpu_ms_per_file);
  };
  print("read + SHA-256 + libjpeg-turbo grey 1/8:", best_floor);
  print("read + measure_image:", best_measure);
  std::printf("ratio: %.2f, by CPU time %.2f\n",
              best_measure.files_per_second / best_floor.files_per_second,
              best_floor.cpu_ms_per_file / best_measure.cpu_ms_per_file);
  return 0;
}
