// TensorFlow's library writes to stderr when it loads, and a warning for each row that does not fit; errors stay.
// The pool imports this: native code sees the environment of the process, and a thread can change its copy only.
process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
