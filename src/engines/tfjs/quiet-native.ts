// TensorFlow's library announces the processor's features on stderr when it loads; warnings and errors stay.
// The pool imports this: native code sees the environment of the process, and a thread can change its copy only.
process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '1';
