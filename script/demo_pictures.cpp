// SPDX-License-Identifier: Apache-2.0
// Draws pictures and drops them into a folder one after the other, some of them copies of each
// other; for tests at once.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace {

namespace fs = std::filesystem;

constexpr int width = 960;
constexpr int height = 640;
constexpr std::chrono::milliseconds demo_pause{1500};

cv::Scalar colour(cv::RNG& random, int darkest, int brightest) {
  return {static_cast<double>(random.uniform(darkest, brightest)),
          static_cast<double>(random.uniform(darkest, brightest)),
          static_cast<double>(random.uniform(darkest, brightest))};
}

/// A line of hills over the width: a few octaves of midpoint displacement.
std::vector<cv::Point> hills(cv::RNG& random, int base, int roughness) {
  std::vector<double> heights(static_cast<std::size_t>(width) + 1, base);
  double reach = roughness;
  for (int step = 480; step >= 1; step /= 2, reach /= 1.8) {
    double left = random.uniform(-reach, reach);
    for (int x = 0; x <= width; x += step) {
      const double right = random.uniform(-reach, reach);
      for (int i = 0; i < step && x + i <= width; ++i)
        heights[static_cast<std::size_t>(x + i)] += left + (right - left) * i / step;
      left = right;
    }
  }
  std::vector<cv::Point> line{{0, height}};
  for (int x = 0; x <= width; ++x)
    line.emplace_back(x, static_cast<int>(heights[static_cast<std::size_t>(x)]));
  line.emplace_back(width, height);
  return line;
}

cv::Mat sky(cv::RNG& random) {
  const cv::Scalar top = colour(random, 40, 200);
  const cv::Scalar bottom = colour(random, 120, 255);
  cv::Mat picture(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y)
    picture.row(y).setTo(top + (bottom - top) * (static_cast<double>(y) / height));
  cv::circle(picture, {random.uniform(80, width - 80), random.uniform(60, height / 2)},
             random.uniform(25, 80), colour(random, 200, 256), cv::FILLED, cv::LINE_AA);
  for (int i = random.uniform(2, 7); i > 0; --i)
    cv::ellipse(picture, {random.uniform(0, width), random.uniform(20, height / 2)},
                {random.uniform(40, 160), random.uniform(8, 30)}, 0, 0, 360,
                colour(random, 190, 256), cv::FILLED, cv::LINE_AA);
  return picture;
}

void draw_house(cv::Mat& picture, cv::RNG& random, cv::Point foot) {
  const int w = random.uniform(40, 120);
  const int h = random.uniform(50, 260);
  cv::rectangle(picture, {foot.x, foot.y - h, w, h}, colour(random, 60, 230), cv::FILLED);
  const cv::Scalar pane = colour(random, 20, 256);
  for (int y = foot.y - h + 12; y < foot.y - 20; y += 28)
    for (int x = foot.x + 8; x < foot.x + w - 14; x += 22)
      if (random.uniform(0, 4) > 0) cv::rectangle(picture, {x, y, 12, 16}, pane, cv::FILLED);
}

void draw_tree(cv::Mat& picture, cv::RNG& random, cv::Point foot) {
  const int h = random.uniform(40, 150);
  cv::line(picture, foot, {foot.x, foot.y - h}, {40, 60, 90}, random.uniform(4, 10));
  for (int i = 0; i < 14; ++i)
    cv::circle(picture, {foot.x + random.uniform(-30, 31), foot.y - h + random.uniform(-35, 25)},
               random.uniform(8, 22), {20.0, random.uniform(80.0, 200.0), 30.0}, cv::FILLED,
               cv::LINE_AA);
}

/// A landscape with enough in it to be told from any other; the same for the same seed.
cv::Mat draw_scene(std::uint64_t seed) {
  cv::RNG random(seed * 7919 + 17);
  cv::Mat picture = sky(random);
  for (int layer = 0; layer < 4; ++layer) {
    const int base = height / 3 + layer * random.uniform(60, 130);
    const std::vector<std::vector<cv::Point>> shape{hills(random, base, 160 / (layer + 1))};
    cv::fillPoly(picture, shape, colour(random, 20, 200 - 30 * layer), cv::LINE_AA);
  }
  const bool is_town = random.uniform(0, 2) == 0;
  for (int i = random.uniform(6, 16); i > 0; --i) {
    const cv::Point foot{random.uniform(0, width - 60), random.uniform(height * 2 / 3, height)};
    if (is_town)
      draw_house(picture, random, foot);
    else
      draw_tree(picture, random, foot);
  }
  cv::Mat grain(picture.size(), CV_16SC3);
  random.fill(grain, cv::RNG::NORMAL, 0, 2);
  cv::add(picture, grain, picture, cv::noArray(), CV_8U);
  return picture;
}

class Inbox {
 public:
  Inbox(fs::path folder, std::chrono::milliseconds pause)
      : folder_(std::move(folder)), pause_(pause) {}

  void drop(const std::string& name, const char* what, const std::vector<unsigned char>& bytes) {
    std::this_thread::sleep_for(pause_);
    // Under its name only when it is whole, as a careful program does it.
    const fs::path part = folder_ / (name + ".part");
    std::ofstream file(part, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) throw std::runtime_error("cannot write " + part.string());
    fs::rename(part, folder_ / name);
    std::fprintf(stderr, "demo: %s (%s)\n", name.c_str(), what);
  }

 private:
  fs::path folder_;
  std::chrono::milliseconds pause_;
};

std::vector<unsigned char> encoded(const cv::Mat& picture, const char* extension, int option,
                                   int value) {
  std::vector<unsigned char> bytes;
  cv::imencode(extension, picture, bytes, {option, value});
  return bytes;
}

cv::Mat resized(const cv::Mat& picture, double scale) {
  cv::Mat small;
  cv::resize(picture, small, {}, scale, scale, cv::INTER_AREA);
  return small;
}

void drop_all(Inbox inbox) {
  const cv::Mat hills = draw_scene(1);
  const cv::Mat town = draw_scene(2);
  const cv::Mat forest = draw_scene(3);
  const auto hills_jpeg = encoded(hills, ".jpg", cv::IMWRITE_JPEG_QUALITY, 92);
  inbox.drop("hills.jpg", "a new picture", hills_jpeg);
  inbox.drop("town.png", "a new picture", encoded(town, ".png", cv::IMWRITE_PNG_COMPRESSION, 1));
  inbox.drop("hills (1).jpg", "the same bytes as hills.jpg", hills_jpeg);
  inbox.drop("town-again.png", "the same pixels as town.png, compressed anew",
             encoded(town, ".png", cv::IMWRITE_PNG_COMPRESSION, 9));
  inbox.drop("hills-for-the-web.jpg", "hills.jpg at quality 50",
             encoded(hills, ".jpg", cv::IMWRITE_JPEG_QUALITY, 50));
  inbox.drop("forest.jpg", "a new picture", encoded(forest, ".jpg", cv::IMWRITE_JPEG_QUALITY, 90));
  inbox.drop("forest-small.jpg", "forest.jpg at half its size",
             encoded(resized(forest, 0.5), ".jpg", cv::IMWRITE_JPEG_QUALITY, 85));
  for (int i = 4; i <= 8; ++i)
    inbox.drop(
        "holiday-" + std::to_string(i) + ".jpg", "a new picture",
        encoded(draw_scene(static_cast<std::uint64_t>(i)), ".jpg", cv::IMWRITE_JPEG_QUALITY, 90));
  std::fprintf(stderr, "demo: that was all; drop pictures of your own into the inbox\n");
}

}  // namespace

int main(int count, char** arguments) {
  const bool at_once = count == 3 && std::string(arguments[1]) == "--at-once";
  if (count != 2 && !at_once) {
    std::fprintf(stderr, "usage: imgdedup-demo-pictures [--at-once] DIR\n");
    return 2;
  }
  try {
    drop_all(Inbox(arguments[count - 1], at_once ? std::chrono::milliseconds(0) : demo_pause));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "imgdedup-demo-pictures: %s\n", error.what());
    return 1;
  }
  return 0;
}
