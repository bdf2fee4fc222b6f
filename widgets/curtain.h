#pragma once

#include <vtkType.h>

#include <QObject>
#include <array>
#include <map>
#include <set>

class vtkProperty;
class vtkRenderWindow;
class vtkRenderer;

namespace relocus {

class VtkWidget;

/// Lets a scene paint only what somebody sees, and no more at once than the window can wait for. Qt would paint also
/// after each of the many resizes of a layout, and behind the tabs of docks; VTK would draw everything anew for every
/// word that changes above the scene. What is grabbed is complete at once.
class Curtain : public QObject {
 public:
  explicit Curtain(VtkWidget& widget);
  static Curtain& of(const VtkWidget& widget);

  /// Renders what has changed: one new look after the other, since each has shaders to be compiled, and one large pane
  /// after the other. What is left follows in turns of its own.
  void render(vtkRenderWindow& window);
  void forget();  ///< what was drawn: the context ended

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  /// Of a pane as it was drawn: when, from where, on what. A renderer's own time changes whenever it is asked.
  struct Picture {
    vtkMTimeType time = 0;
    std::array<double, 19> view{};
  };
  void paint_later();
  void await_the_dock();
  Picture picture_of(vtkRenderer& pane) const;
  void wipe();
  bool has_changed(vtkRenderer& pane) const;

  VtkWidget& widget_;
  std::set<const vtkProperty*> known_;      // looks that were drawn in this context
  std::map<vtkRenderer*, Picture> drawn_;   // what each pane shows
  int width_ = 0, height_ = 0;              // [px] of what was drawn
  bool resized_ = false, emptied_ = false;  // by a resize, until it is painted
  bool for_a_person_ = false;
  bool is_new_ = true;                      // nothing was drawn in this context
  bool is_asked_ = false, is_due_ = false;  // a later paint; and this is it
};

}  // namespace relocus
