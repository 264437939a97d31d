import { onnxLoadError } from './onnx-load-error.js';

const SOURCE =
  '/onnxruntime_src/onnxruntime/core/graph/model.cc:202 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&, const onnxruntime::logging::Logger&) ';
const OPSET_SOURCE =
  '/onnxruntime_src/onnxruntime/core/graph/model_load_utils.h:46 void onnxruntime::model_load_utils::ValidateOpsetForDomain(const std::unordered_map<std::__cxx11::basic_string<char>, int>&, const onnxruntime::logging::Logger&, bool, const std::string&, int) ONNX Runtime only *guarantees* support for models stamped with official released onnx opset versions. ';
const messageOf = (text: string): string => onnxLoadError(new Error(text)).message;

describe(onnxLoadError.name, () => {
  it.each<[string, string, string]>([
    [
      'an IR version that is too new',
      `Load model from /srv/store/m/runs/1/model.onnx failed:${SOURCE}Unsupported model IR version: 14, max supported IR version: 13\n`,
      'The model has IR version 14, and this ONNX Runtime reads IR versions up to 13: set model.ir_version = 13 before you save it. A lower opset does not help.',
    ],
    [
      'an opset that is too new',
      `Load model from /a/model.onnx failed:${OPSET_SOURCE}Opset 99 is under development and support for this is limited. The operator schemas may change. Current official support for domain ai.onnx is till opset 26.\n`,
      'The model uses opset 99 of the domain ai.onnx, and this ONNX Runtime knows opsets up to 26: export it with a lower one (opset_version=21, target_opset=21). The newest ones may come with an IR version that it does not read.',
    ],
    [
      'an opset of the operators of machine learning that is too new',
      `Load model from /a/model.onnx failed:${OPSET_SOURCE}Opset 9 is under development and support for this is limited. The operator schemas may change. Current official support for domain ai.onnx.ml is till opset 5.\n`,
      'The model uses opset 9 of the domain ai.onnx.ml, and this ONNX Runtime knows opsets up to 5: export it with target_opset={"": 21, "ai.onnx.ml": 5}.',
    ],
    [
      'types of numbers that ONNX Runtime for Node.js does not carry',
      'Unsupported data type: 16',
      'The model takes or gives numbers of a type that ONNX Runtime for Node.js does not carry (ONNX type 16; 16 is bfloat16): cast them to float32 inside the model.',
    ],
    [
      'operators of ONNX Runtime Extensions',
      'Load model from /a/b.onnx failed:Fatal error: ai.onnx.contrib:BertTokenizer(-1) is not a registered function/op',
      'The model uses the operator BertTokenizer of ONNX Runtime Extensions (domain ai.onnx.contrib), which are not installed here: export it without pre- and post-processing, and prepare its inputs in encode.',
    ],
    [
      'types that do not fit',
      "Load model from /home/me/my store/model.onnx failed:This is an invalid model. Type Error: Type 'tensor(float)' of input parameter (x) of operator (And) in node (/layer/And) is invalid.",
      "The model contradicts itself: its nodes do not fit together. ONNX Runtime says: This is an invalid model. Type Error: Type 'tensor(float)' of input parameter (x) of operator (And) in node (And) is invalid.",
    ],
    [
      'weights that cannot be read',
      'External data path validation failed for initializer: w. Error: tensorprotoutils.cc:461 ValidateExternalDataPathFromDir External data path does not exist: "/tmp/store/gone.data"',
      'The weights that the model keeps in a second file are missing, cut short or outside its folder. ONNX Runtime says: External data path validation failed for initializer: w. Error: ValidateExternalDataPathFromDir External data path does not exist: "gone.data"',
    ],
    [
      'what nobody has met yet',
      'Exception during initialization: /onnxruntime_src/onnxruntime/core/x.cc:9 onnxruntime::X::X(const int&) The moon is full\n    at create (/srv/app/node_modules/x.js:1:2)',
      'ONNX Runtime refused the model: The moon is full',
    ],
  ])('says what is wrong with %s, without paths', (_what, text, message) => {
    expect(messageOf(text)).toBe(message);
  });

  it('says float32 where an export mixes it with float64', () => {
    const message = messageOf(
      'Type Error: Type parameter (T) of Optype (Mul) bound to different types (tensor(double) and tensor(float) in node (Mul2).',
    );

    expect(message).toContain('float32 and float64 meet in one node. Export it with float32 inputs');
  });

  it('names the locale that a vectorizer needs, and both ways out', () => {
    const message = messageOf(
      'Exception during initialization: /onnxruntime_src/onnxruntime/core/providers/cpu/text/string_normalizer.cc:235 onnxruntime::StringNormalizer::Locale::Locale(const std::string&)::<lambda()> Failed to construct locale with name:en_US.UTF-8:locale::facet::_S_create_c_locale name not valid:Please, install necessary language-pack-XX and configure locales\n',
    );

    expect(message).toContain('the locale en_US.UTF-8, which this machine does not have');
    expect(message).toContain('locale-gen en_US.UTF-8');
    expect(message).toContain('options={TfidfVectorizer: {"locale": "C", "tokenexp": r"[\\p{L}\\p{N}_]{2,}"}}');
  });

  it('names the regular expression that cannot be read, and what to write instead', () => {
    const message = messageOf(
      'Exception during initialization: /onnxruntime_src/onnxruntime/contrib_ops/cpu/tokenizer.cc:152 onnxruntime::contrib::Tokenizer::Tokenizer(const onnxruntime::OpKernelInfo&) Can not digest tokenexp: invalid perl operator: (?u\n',
    );

    expect(message).toContain('tokenexp invalid perl operator: (?u.');
    expect(message).toContain('token_pattern');
  });

  it('keeps the whole text as the cause, for the log', () => {
    const error = new Error('Load model from /srv/model.onnx failed:x');

    expect(onnxLoadError(error).cause).toBe(error);
  });
});
