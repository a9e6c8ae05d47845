// placeholder so the target compiles
