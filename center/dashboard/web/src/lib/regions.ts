// The 17 first-level regions of Korea on a grid of four columns: each keeps its neighbours where a 4 × 5 grid
// allows it. Sites outside this list are shown as a row of their own.

export interface Region {
  site: string;
  ko: string;
  en: string;
  /** Column 1–4, west to east. */
  col: number;
  /** Row 1–5, north to south. */
  row: number;
}

const GRID: [string, string, string][][] = [
  [['incheon', '인천', 'Incheon'], ['seoul', '서울', 'Seoul'], ['gyeonggi', '경기', 'Gyeonggi'], ['gangwon', '강원', 'Gangwon']],
  [['chungnam', '충남', 'Chungnam'], ['sejong', '세종', 'Sejong'], ['chungbuk', '충북', 'Chungbuk'], ['gyeongbuk', '경북', 'Gyeongbuk']],
  [['jeonbuk', '전북', 'Jeonbuk'], ['daejeon', '대전', 'Daejeon'], ['daegu', '대구', 'Daegu'], ['ulsan', '울산', 'Ulsan']],
  [['jeonnam', '전남', 'Jeonnam'], ['gwangju', '광주', 'Gwangju'], ['gyeongnam', '경남', 'Gyeongnam'], ['busan', '부산', 'Busan']],
  [['jeju', '제주', 'Jeju']],
];

export const REGIONS: Region[] = GRID.flatMap((line, row) =>
  line.map(([site, ko, en], col) => ({ site, ko, en, col: col + 1, row: row + 1 })),
);
