#include "widgets/cloud_actor.h"

#include <vtkActor.h>
#include <vtkFloatArray.h>
#include <vtkImageData.h>
#include <vtkMatrix4x4.h>
#include <vtkPointData.h>
#include <vtkPointGaussianMapper.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkProperty.h>
#include <vtkRenderer.h>
#include <vtkShaderProperty.h>
#include <vtkTexture.h>
#include <vtkUniforms.h>
#include <vtkUnsignedCharArray.h>

#include <QFile>
#include <QOffscreenSurface>
#include <QOpenGLContext>
#include <QOpenGLShaderProgram>
#include <algorithm>
#include <cmath>
#include <map>

static void name_shaders() { Q_INIT_RESOURCE(shaders); }  // of a static library; not inside a namespace

namespace relocus {
namespace {

constexpr const char* kMap = "drape_map";  // the texture's name in the shader

/// About `wanted` of `count` indices, evenly but without the stripes that a fixed stride leaves in a scan's rings.
std::vector<std::size_t> thinned(std::size_t count, std::size_t wanted) {
  std::vector<std::size_t> kept;
  kept.reserve(wanted);
  const double stride = double(count) / double(wanted);
  double fraction = 0.5;
  for (std::size_t i = 0; i < wanted; ++i) {
    fraction += 0.6180339887498949;  // golden ratio: the jitters are spread evenly
    fraction -= std::floor(fraction);
    kept.push_back(std::min(count - 1, std::size_t((double(i) + fraction) * stride)));
  }
  return kept;
}

QByteArray text_of(const QString& path) {
  QFile file(path);
  return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// What the graphics driver says against the shader; empty: nothing. VTK 9.1 ends the program over one that does not
/// compile, so it is tried beforehand.
QString complaint_about(const DrapeShader& shader) {
  QOpenGLContext own;
  QOffscreenSurface surface;
  if (!QOpenGLContext::currentContext()) {
    QSurfaceFormat format = QSurfaceFormat::defaultFormat();
    format.setVersion(3, 2);
    format.setProfile(QSurfaceFormat::CoreProfile);
    own.setFormat(format);
    surface.setFormat(format);
    surface.create();
    if (!own.create() || !own.makeCurrent(&surface)) return {};  // no way to know
  }
  QString complaint;
  {
    const QByteArray vertex =
        "#version 150\nin vec4 vertexMC;\nuniform vec4 drape_corners;\n"
        "uniform float drape_max_range;\nuniform vec2 drape_cells;\n" +
        shader.vertex +
        "\nvoid main() {\n  drape_cellVSOutput = drape_cell_of(vertexMC.xy);\n"
        "  gl_Position = vertexMC;\n}\n";
    const QByteArray fragment =
        "#version 150\nuniform sampler2D drape_map;\nuniform vec3 drape_no_data;\n"
        "out vec4 colour;\n" +
        shader.fragment + "\nvoid main() { colour = vec4(drape_colour(), 1.0); }\n";
    QOpenGLShaderProgram program;
    const bool good = program.addShaderFromSourceCode(QOpenGLShader::Vertex, vertex) &&
                      program.addShaderFromSourceCode(QOpenGLShader::Fragment, fragment) && program.link();
    if (!good) complaint = program.log().trimmed();
    if (!good && complaint.isEmpty()) complaint = QStringLiteral("it does not compile");
  }
  if (QOpenGLContext::currentContext() == &own) own.doneCurrent();
  return complaint;
}

/// The same, asked once for each shader.
const QString& known_complaint_about(const DrapeShader& shader) {
  static std::map<std::pair<QByteArray, QByteArray>, QString> known;
  const std::pair key(shader.vertex, shader.fragment);
  if (const auto found = known.find(key); found != known.end()) return found->second;
  return known[key] = complaint_about(shader);
}

}  // namespace

DrapeShader drape_shader() {
  name_shaders();
  return {text_of(":/shaders/drape_cells.vert.glsl"), text_of(":/shaders/drape_cells.frag.glsl")};
}

/// Points that are drawn without cells.
struct CloudActor::Points {
  Points() {
    mapper->SetInputData(data);
    mapper->EmissiveOff();
    mapper->SetScaleFactor(0);  // plain points
    mapper->SetColorModeToDirectScalars();
    actor->SetMapper(mapper);
    actor->GetProperty()->LightingOff();
    actor->SetVisibility(false);
  }
  vtkNew<vtkPolyData> data;
  vtkNew<vtkPointGaussianMapper> mapper;
  vtkNew<vtkActor> actor;
};

CloudActor::CloudActor() : all_(std::make_unique<Points>()), few_(std::make_unique<Points>()), shader_(drape_shader()) {
  few_->actor->SetProperty(all_->actor->GetProperty());
  few_->actor->SetShaderProperty(all_->actor->GetShaderProperty());
  for (const Points* points : {all_.get(), few_.get()}) points->actor->SetUserMatrix(pose_);
  cells_->SetInputData(cell_pixels_);
  cells_->InterpolateOff();
}

CloudActor::~CloudActor() = default;

void CloudActor::add_to(vtkRenderer& renderer) {
  for (const Points* points : {all_.get(), few_.get()}) renderer.AddActor(points->actor);
}

void CloudActor::remove_from(vtkRenderer& renderer) {
  for (const Points* points : {all_.get(), few_.get()}) renderer.RemoveActor(points->actor);
}

void CloudActor::show_cloud(std::shared_ptr<const PointCloud> cloud) {
  if (!cloud || cloud->points.empty()) {
    all_->data->Initialize();
    few_->data->Initialize();
    rgb_.clear();
    kept_.clear();
    cloud_.reset();
    return show_what_is_wanted();
  }
  // VTK reads the points where they are: the old ones may go only when it no longer holds them.
  vtkNew<vtkFloatArray> coordinates;
  coordinates->SetNumberOfComponents(3);
  coordinates->SetArray(const_cast<float*>(cloud->points.front().data()), vtkIdType(3 * cloud->points.size()),
                        /*save=*/1);
  vtkNew<vtkPoints> points;
  points->SetData(coordinates);
  all_->data->SetPoints(points);
  all_->data->GetPointData()->SetScalars(nullptr);
  rgb_.clear();
  cloud_ = std::move(cloud);
  kept_.clear();
  colour_anew();
}

// Colours ------------------------------------------------------------------------------------------------------------

void CloudActor::show_colour(const QColor& colour) {
  colouring_ = Colouring::One;
  all_->actor->GetProperty()->SetColor(colour.redF(), colour.greenF(), colour.blueF());
  rgb_.clear();
  colour_anew();
}

void CloudActor::show_colours(std::vector<std::array<std::uint8_t, 3>> rgb) {
  if (!cloud_ || rgb.size() != cloud_->points.size()) return;
  colouring_ = Colouring::Each;
  all_->data->GetPointData()->SetScalars(nullptr);  // lets go of the old colours
  rgb_ = std::move(rgb);
  colour_anew();
}

void CloudActor::show_cells(const CellMap& map, ColourMap colours, float lower, float upper, const QColor& no_data) {
  error_ = known_complaint_about(shader_);
  if (!error_.isEmpty() || map.values.shape.size() != 2 || map.values.values.empty()) return show_colour(no_data);
  const int rows = int(map.values.shape[0]), columns = int(map.values.shape[1]);
  cell_pixels_->SetDimensions(columns, rows, 1);
  cell_pixels_->AllocateScalars(VTK_UNSIGNED_CHAR, 4);
  auto* pixel = static_cast<unsigned char*>(cell_pixels_->GetScalarPointer());
  for (const float value : map.values.values) {
    const QRgb rgb = std::isnan(value) ? no_data.rgb() : colour(colours, value, lower, upper);
    for (const int channel : {qRed(rgb), qGreen(rgb), qBlue(rgb), 255}) *pixel++ = static_cast<unsigned char>(channel);
  }
  cell_pixels_->Modified();

  colouring_ = Colouring::Cells;
  const bool polar = map.grid.shape == CellGrid::Shape::Polar;
  float corners[4] = {float(map.grid.lower.x()), float(map.grid.lower.y()), float(map.grid.upper.x()),
                      float(map.grid.upper.y())};
  float cells[2] = {float(rows), float(columns)};
  float nothing[3] = {no_data.redF(), no_data.greenF(), no_data.blueF()};
  vtkShaderProperty* shaders = all_->actor->GetShaderProperty();
  shaders->GetVertexCustomUniforms()->SetUniform4f("drape_corners", corners);
  shaders->GetVertexCustomUniforms()->SetUniformf("drape_max_range", polar ? float(map.grid.max_range) : 0.f);
  shaders->GetVertexCustomUniforms()->SetUniform2f("drape_cells", cells);
  shaders->GetFragmentCustomUniforms()->SetUniform3f("drape_no_data", nothing);
  rgb_.clear();
  colour_anew();
}

/// Puts our code where VTK's shaders have room for it.
void CloudActor::compose_shaders() {
  const bool drape = colouring_ == Colouring::Cells, fade = share_ < 1;
  vtkShaderProperty* shaders = all_->actor->GetShaderProperty();
  shaders->ClearAllShaderReplacements();
  all_->actor->GetProperty()->RemoveTexture(kMap);
  std::string declared = "//VTK::PositionVC::Dec\n", done = "//VTK::PositionVC::Impl\n";
  if (drape) {
    declared += shader_.vertex.toStdString() + '\n';
    done += "  drape_cellVSOutput = drape_cell_of(vertexMC.xy);\n";
    shaders->AddFragmentShaderReplacement("//VTK::TMap::Dec", true,
                                          "//VTK::TMap::Dec\n" + shader_.fragment.toStdString(), false);
    shaders->AddFragmentShaderReplacement("//VTK::TCoord::Impl", true,
                                          "gl_FragData[0] = vec4(drape_colour(), gl_FragData[0].a);\n", false);
    all_->actor->GetProperty()->SetTexture(kMap, cells_);
  }
  if (fade) {
    shaders->GetVertexCustomUniforms()->SetUniformf("fade_share", float(share_));
    declared += text_of(":/shaders/fade_points.vert.glsl").toStdString() + '\n';
    done += "  if (fade_hides(gl_VertexID)) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);  // out of sight\n";
  }
  if (drape || fade) {
    shaders->AddVertexShaderReplacement("//VTK::PositionVC::Dec", true, declared, false);
    shaders->AddVertexShaderReplacement("//VTK::PositionVC::Impl", true, done, false);
  }
  for (const Points* points : {all_.get(), few_.get()}) points->actor->Modified();
}

void CloudActor::colour_anew() {
  const bool each = colouring_ == Colouring::Each && cloud_ && rgb_.size() == cloud_->points.size();
  if (each) {
    vtkNew<vtkUnsignedCharArray> rgb;
    rgb->SetNumberOfComponents(3);
    rgb->SetArray(rgb_.front().data(), vtkIdType(3 * rgb_.size()), /*save=*/1);
    all_->data->GetPointData()->SetScalars(rgb);
  } else {
    all_->data->GetPointData()->SetScalars(nullptr);
  }
  all_->data->Modified();
  for (const Points* points : {all_.get(), few_.get()}) points->mapper->SetScalarVisibility(each);
  compose_shaders();
  few_are_current_ = false;
  show_what_is_wanted();
}

// Drawing ------------------------------------------------------------------------------------------------------------

void CloudActor::show_pose(const Eigen::Isometry3d& scene_from_sensor) {
  const Eigen::Matrix<double, 4, 4, Eigen::RowMajor> rows = scene_from_sensor.matrix();
  if (!std::equal(rows.data(), rows.data() + 16, pose_->GetData())) pose_->DeepCopy(rows.data());
}

void CloudActor::show_share(double share) {
  const bool faded = share_ < 1;
  share_ = std::clamp(share, 0., 1.);
  if (faded && share_ < 1) {
    all_->actor->GetShaderProperty()->GetVertexCustomUniforms()->SetUniformf("fade_share", float(share_));
    for (const Points* points : {all_.get(), few_.get()}) points->actor->Modified();
  } else if (faded || share_ < 1) {
    compose_shaders();
  }
  show_what_is_wanted();
}

void CloudActor::show_point_size(double device_pixels) {
  all_->actor->GetProperty()->SetPointSize(float(device_pixels));
}

void CloudActor::show_moving(bool moving, std::size_t most) {
  moving_ = moving;
  if (most_ != most) {
    most_ = most;
    kept_.clear();
    few_are_current_ = false;
  }
  show_what_is_wanted();
}

std::size_t CloudActor::points_drawn() const {
  if (all_->actor->GetVisibility()) return size();
  return few_->actor->GetVisibility() ? kept_.size() : 0;
}

void CloudActor::show_what_is_wanted() {
  const bool visible = size() > 0 && share_ > 0, thin_now = moving_ && size() > most_;
  if (visible && thin_now) thin();
  all_->actor->SetVisibility(visible && !thin_now);
  few_->actor->SetVisibility(visible && thin_now);
}

void CloudActor::thin() {
  if (few_are_current_) return;
  if (kept_.empty()) kept_ = thinned(size(), std::min(most_, size()));
  vtkNew<vtkPoints> points;
  points->SetNumberOfPoints(vtkIdType(kept_.size()));
  auto* coordinates = static_cast<vtkFloatArray*>(points->GetData())->GetPointer(0);
  for (std::size_t i = 0; i < kept_.size(); ++i) std::copy_n(cloud_->points[kept_[i]].data(), 3, coordinates + 3 * i);
  few_->data->SetPoints(points);
  vtkNew<vtkUnsignedCharArray> rgb;
  if (!rgb_.empty()) {
    rgb->SetNumberOfComponents(3);
    rgb->SetNumberOfTuples(vtkIdType(kept_.size()));
    for (std::size_t i = 0; i < kept_.size(); ++i)
      std::copy_n(rgb_[kept_[i]].data(), 3, rgb->GetPointer(vtkIdType(3 * i)));
  }
  few_->data->GetPointData()->SetScalars(rgb_.empty() ? nullptr : rgb.Get());
  few_->data->Modified();
  few_are_current_ = true;
}

}  // namespace relocus
