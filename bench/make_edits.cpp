// SPDX-License-Identifier: Apache-2.0
// Edited copies of every picture of a folder, with their truth: what bench/accuracy is tried
// on.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace {

using Edit = std::function<cv::Mat(const cv::Mat&)>;

struct NamedEdit {
  const char* name;
  const char* extension;
  int quality;
  Edit edit;
};

cv::Mat same(const cv::Mat& picture) { return picture; }

Edit scaled(double x, double y, int interpolation) {
  return [=](const cv::Mat& picture) {
    cv::Mat result;
    cv::resize(picture, result, {}, x, y, interpolation);
    return result;
  };
}

cv::Mat squared(const cv::Mat& picture) {
  const int side = std::min(picture.cols, picture.rows);
  cv::Mat result;
  cv::resize(picture, result, {side, side}, 0, 0, cv::INTER_AREA);
  return result;
}

Edit toned(double gain, double offset) {
  return [=](const cv::Mat& picture) {
    cv::Mat result;
    picture.convertTo(result, -1, gain, offset);
    return result;
  };
}

cv::Mat with_gamma(const cv::Mat& picture) {
  cv::Mat curve(1, 256, CV_8UC1), result;
  for (int i = 0; i < 256; ++i)
    curve.at<std::uint8_t>(i) = cv::saturate_cast<std::uint8_t>(255 * std::pow(i / 255.0, 0.7));
  cv::LUT(picture, curve, result);
  return result;
}

cv::Mat grey(const cv::Mat& picture) {
  cv::Mat result;
  cv::cvtColor(picture, result, cv::COLOR_BGR2GRAY);
  return result;
}

Edit saturated(double factor) {
  return [=](const cv::Mat& picture) {
    cv::Mat pale, result;
    cv::cvtColor(grey(picture), pale, cv::COLOR_GRAY2BGR);
    cv::addWeighted(picture, factor, pale, 1 - factor, 0, result);
    return result;
  };
}

cv::Mat warm(const cv::Mat& picture) {
  cv::Mat result;
  cv::multiply(picture, cv::Scalar(0.88, 1.0, 1.1), result);
  return result;
}

Edit blurred(double sigma) {
  return [=](const cv::Mat& picture) {
    cv::Mat result;
    cv::GaussianBlur(picture, result, {}, sigma);
    return result;
  };
}

cv::Mat sharpened(const cv::Mat& picture) {
  cv::Mat result;
  cv::addWeighted(picture, 2.2, blurred(2)(picture), -1.2, 0, result);
  return result;
}

const std::vector<NamedEdit> edits{
    {"original", ".jpg", 92, same},
    {"jpeg10", ".jpg", 10, same},
    {"jpeg25", ".jpg", 25, same},
    {"jpeg50", ".jpg", 50, same},
    {"webp30", ".webp", 30, same},
    {"png", ".png", 0, same},
    {"scale25", ".jpg", 85, scaled(0.25, 0.25, cv::INTER_AREA)},
    {"scale50", ".jpg", 85, scaled(0.5, 0.5, cv::INTER_AREA)},
    {"scale50rough", ".jpg", 85, scaled(0.5, 0.5, cv::INTER_NEAREST)},
    {"scale75", ".jpg", 85, scaled(0.75, 0.75, cv::INTER_LINEAR)},
    {"scale150", ".jpg", 85, scaled(1.5, 1.5, cv::INTER_CUBIC)},
    {"squeezed92", ".jpg", 85, scaled(0.92, 1, cv::INTER_AREA)},
    {"square", ".jpg", 85, squared},
    {"brighter20", ".jpg", 85, toned(1.2, 0)},
    {"darker20", ".jpg", 85, toned(0.8, 0)},
    {"contrast130", ".jpg", 85, toned(1.3, -38)},
    {"contrast70", ".jpg", 85, toned(0.7, 38)},
    {"gamma", ".jpg", 85, with_gamma},
    {"saturation150", ".jpg", 85, saturated(1.5)},
    {"saturation50", ".jpg", 85, saturated(0.5)},
    {"warm", ".jpg", 85, warm},
    {"grey", ".jpg", 85, grey},
    {"blur1", ".jpg", 85, blurred(1)},
    {"blur2", ".jpg", 85, blurred(2)},
    {"sharpened", ".jpg", 85, sharpened},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: make_edits FOLDER_OF_DISTINCT_PICTURES NEW_FOLDER\n");
    return 2;
  }
  const std::filesystem::path target = argv[2];
  std::filesystem::create_directories(target);
  std::vector<std::filesystem::path> sources;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    if (entry.path().extension() == ".jpg") sources.push_back(entry.path());
  std::sort(sources.begin(), sources.end());

  nlohmann::json truth = nlohmann::json::object();
  for (const auto& source : sources) {
    const cv::Mat picture = cv::imread(source.string(), cv::IMREAD_COLOR);
    if (picture.empty()) continue;
    std::vector<std::string> names;
    for (const NamedEdit& edit : edits) {
      names.push_back(source.stem().string() + "__" + edit.name + edit.extension);
      const std::vector<int> parameters =
          edit.quality == 0
              ? std::vector<int>{}
              : std::vector<int>{edit.extension == std::string(".webp") ? cv::IMWRITE_WEBP_QUALITY
                                                                        : cv::IMWRITE_JPEG_QUALITY,
                                 edit.quality};
      if (!cv::imwrite((target / names.back()).string(), edit.edit(picture), parameters)) {
        std::fprintf(stderr, "cannot write %s\n", names.back().c_str());
        return 1;
      }
    }
    for (const std::string& name : names)
      for (const std::string& other : names)
        if (name != other) truth[name].push_back(other);
  }
  std::ofstream(target / "ground_truth_all.json") << truth.dump(1) << '\n';
  return 0;
}
