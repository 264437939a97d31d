/** The parts of a Postman collection v2.1 that are read or filled in here; the rest is the converter's. */
export interface PostmanCollection {
  info: Record<string, unknown>;
  item: PostmanFolder[];
  variable?: readonly { readonly key: string; readonly value: string; readonly type: string }[];
  [key: string]: unknown;
}

export interface PostmanFolder {
  name: string;
  description?: string;
  item: PostmanItem[];
}

export interface PostmanItem {
  name: string;
  event?: readonly PostmanTest[];
  request: PostmanRequest;
  response: PostmanResponse[];
  [key: string]: unknown;
}

interface PostmanTest {
  readonly listen: 'test';
  readonly script: { readonly type: 'text/javascript'; readonly exec: readonly string[] };
}

export interface PostmanRequest {
  method: string;
  url: PostmanUrl;
  header?: readonly PostmanPair[];
  body?: object;
  [key: string]: unknown;
}

interface PostmanUrl {
  path: readonly string[];
  query: PostmanPair[];
  variable: PostmanPair[];
  [key: string]: unknown;
}

export interface PostmanPair {
  key: string;
  value: string | null;
  disabled?: boolean;
  [key: string]: unknown;
}

interface PostmanResponse {
  originalRequest?: PostmanRequest;
  [key: string]: unknown;
}
