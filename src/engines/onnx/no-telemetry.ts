// ONNX Runtime reports usage from Linux unless this is set when its library loads: import this file before it.
// The pool imports it too: native code sees the environment of the process, and a thread can change its copy only.
process.env['ORT_DISABLE_TELEMETRY'] = '1';
