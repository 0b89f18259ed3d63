// The page's script: these files one behind the other (CMakeLists.txt), in one function so that nothing of them is
// global. What comes from the capture reaches the document as text nodes and attribute values alone.
(function () {
"use strict";
