// libelf.a and libdw.a of elfutils 0.192 (Debian 13) refer to functions of an archive that is not installed (libeu.a):
// tsearch(3) on a tree whose root is its first member. Built without USE_LOCKS, as distributions do, they lock nothing.
#include <search.h>

namespace {

struct Tree {
  void* root;
};

using Compare = int (*)(const void*, const void*);
using Free = void (*)(void*);

}  // namespace

extern "C" {

void eu_search_tree_init(Tree* tree) { tree->root = nullptr; }

void eu_tdestroy(Tree* tree, Free free_node) {
  if (tree->root != nullptr) ::tdestroy(tree->root, free_node != nullptr ? free_node : [](void*) {});
  tree->root = nullptr;
}

void eu_search_tree_fini(Tree* tree, Free free_node) { eu_tdestroy(tree, free_node); }

void* eu_tsearch(const void* key, Tree* tree, Compare compare) { return ::tsearch(key, &tree->root, compare); }

void* eu_tfind(const void* key, Tree* tree, Compare compare) { return ::tfind(key, &tree->root, compare); }

void* eu_tdelete(const void* key, Tree* tree, Compare compare) { return ::tdelete(key, &tree->root, compare); }

}  // extern "C"
